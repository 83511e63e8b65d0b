"""For each term of the agreement: how many incidents there were in all, or why nobody can say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from servanda.agreement.resolved import Agreement, Epoch, Term, ZoneBook
from servanda.compliance import power
from servanda.compliance.clock import column_micros, micros
from servanda.compliance.settings import AssessSettings
from servanda.compliance.undercount.captures import Captures, screened
from servanda.compliance.undercount.effort import horvitz_thompson
from servanda.compliance.undercount.estimate import Estimate
from servanda.compliance.undercount.imputation import histories
from servanda.compliance.undercount.latent import latent_class
from servanda.compliance.undercount.loglinear import log_linear
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings
from servanda.compliance.undercount.watched import Spots, by_any, detection, share_watched
from servanda.findings import Undercount

ASKED = ("forbid", "limit")
METHODS = {"log_linear": log_linear, "latent_class": latent_class}


@dataclass(frozen=True)
class Evidence:
    """Tables as in ``tables.py``; ``alternatives`` like membership; ``incident_terms`` as ``assess`` gives them."""

    incidents: pl.DataFrame
    membership: pl.DataFrame
    alternatives: pl.DataFrame
    observations: pl.DataFrame
    watches: pl.DataFrame
    sources: pl.DataFrame
    incident_terms: pl.DataFrame


def undercounts(
    agreement: Agreement,
    zones: ZoneBook,
    evidence: Evidence,
    as_of: datetime,
    settings: UndercountSettings | None = None,
    assess: AssessSettings | None = None,
    strata: pl.DataFrame | None = None,
) -> tuple[Undercount, ...]:
    """One answer per term that forbids or limits, stratum and method; never an exception.

    ``strata``: incident_id, stratum; an incident may be in several. The whole of each term is the stratum ``""``. An
    incident counts with the chance that it violates the term, by whoever; one that stands for many does not count.
    """
    settings = settings or UndercountSettings()
    case = _Case(agreement, zones, evidence, as_of, settings, assess or AssessSettings(), _lists(evidence, settings))
    out: list[Undercount] = []
    for term in _terms(agreement):
        mine = evidence.incident_terms.filter((pl.col("term_id") == term.term_id) & (pl.col("probability") > 0))
        mine = mine.group_by("incident_id").agg(pl.col("probability").max()).sort("incident_id")
        out.extend(case.answers(term, "", mine))
        for name, part in _parts(mine, strata, settings.most_strata):
            out.extend(case.answers(term, name, part))
    return tuple(out)


def _terms(agreement: Agreement) -> list[Term]:
    """Each by its last version."""
    return list({t.term_id: t for v in agreement.versions for t in v.terms if t.type in ASKED}.values())


def _parts(mine: pl.DataFrame, strata: pl.DataFrame | None, most: int) -> list[tuple[str, pl.DataFrame]]:
    if strata is None or strata.is_empty():
        return []
    joined = mine.join(strata.unique(), on="incident_id", how="inner")
    sizes = joined.group_by("stratum").len().sort(["len", "stratum"], descending=[True, False]).head(most)
    return [(s, joined.filter(pl.col("stratum") == s).drop("stratum")) for s in sorted(sizes["stratum"].to_list())]


def _lists(evidence: Evidence, settings: UndercountSettings) -> dict[str, str]:
    """Witness group to list. A group is one when it reports what it saw and does not only follow others' records.

    Groups that are stated to depend on each other share one list.
    """
    witness = evidence.sources.filter("is_witness")["witness_group"].unique().sort().to_list()
    follows = pl.col("about_record").is_not_null().all().alias("follows")
    following = evidence.watches.group_by("witness_group").agg(follows).filter("follows")["witness_group"].to_list()
    out = {g: g for g in witness if g not in following}
    for groups in settings.dependent:
        name = "+".join(sorted(g for g in groups if g in out))
        out |= {g: name for g in groups if g in out}
    return out


@dataclass(frozen=True)
class _Case:
    """What all answers share."""

    agreement: Agreement
    zones: ZoneBook
    evidence: Evidence
    as_of: datetime
    settings: UndercountSettings
    assess: AssessSettings
    lists: dict[str, str]

    def answers(self, term: Term, stratum: str, mine: pl.DataFrame) -> Iterator[Undercount]:
        """``mine``: incident_id, probability that it violates the term."""
        table = mine.join(
            self.evidence.incidents.drop("probability"), on="incident_id", how="inner", maintain_order="left"
        )
        single = self._heard(table.filter(pl.col("counts").is_null()))
        seen = float(single["probability"].sum())
        for method in self.settings.methods:
            if method == "effort" and stratum:
                continue
            try:
                if single.is_empty() and table.height:
                    raise Abstained("counted", counted=table.height)
                e = self._by_effort(term, single) if method == "effort" else self._by_lists(method, single)
            except Abstained as refusal:
                yield Undercount(term.term_id, stratum, method, seen, refused=refusal.reason)
            else:
                yield Undercount(term.term_id, stratum, method, e.seen, e.total, e.low, e.high, e.lists, e.parts)

    def _heard(self, single: pl.DataFrame) -> pl.DataFrame:
        """With ``groups``: every witness group that reported the incident, those that relay as well."""
        said = self.evidence.membership.join(single.select("incident_id"), on="incident_id", how="semi").join(
            self.evidence.observations.select("observation_id", "witness_group"), on="observation_id", how="inner"
        )
        groups = said.group_by("incident_id").agg(groups=pl.col("witness_group").unique().sort())
        return single.join(groups, on="incident_id", how="left", maintain_order="left")

    def _by_lists(self, method: str, single: pl.DataFrame) -> Estimate:
        if single.is_empty():
            raise Abstained("nothing_seen")
        groups = set(single["groups"].explode().drop_nulls().to_list())
        names = tuple(sorted({self.lists[g] for g in groups if g in self.lists}))
        relaying = len(groups - self.lists.keys())
        if len(names) < self.settings.least_lists:
            raise Abstained("few_lists", lists=len(names), least=self.settings.least_lists, relaying=relaying)
        return METHODS[method](screened(self._histories(single, names), self.settings, relaying), self.settings)

    def _histories(self, single: pl.DataFrame, names: tuple[str, ...]) -> Captures:
        lists = pl.DataFrame({"witness_group": self.lists.keys(), "list": self.lists.values()})
        group = self.evidence.observations.select("observation_id", "witness_group").join(
            lists, on="witness_group", how="left"
        )
        columns = ("observation_id", "incident_id", "probability")
        both = pl.concat([self.evidence.membership.select(columns), self.evidence.alternatives.select(columns)])
        reports = both.join(group, on="observation_id", how="left")
        return histories(reports, single.select("incident_id", "probability"), names, self.settings)

    def _by_effort(self, term: Term, single: pl.DataFrame) -> Estimate:
        watches = power.prepare(self.evidence.watches, self.evidence.sources, self.assess)
        window = self._window(term)
        epochs = self._epochs(term)
        share = share_watched(epochs, term.kinds, window, watches, self.settings.seed)
        if share == 0:
            raise Abstained("no_watch")
        if share < self.settings.least_watched:
            raise Abstained("unwatched", watched=round(100 * share), least=round(100 * self.settings.least_watched))
        middle = (column_micros(single["t_start"]) + column_micros(single["t_end"])) // 2
        lon, lat = (single[c].fill_null(np.nan).to_numpy() for c in ("lon", "lat"))
        chance = detection(Spots(middle, lon, lat, single["kind"].to_list()), watches)
        names = [g.name for g in watches.groups]
        by = np.array([[n in groups for n in names] for groups in single["groups"].fill_null([]).to_list()], bool)
        reported: NDArray[np.bool_] = by.reshape(len(single), len(names)) & (chance > 0)
        found = reported.any(axis=1)
        real = single["probability"].to_numpy()
        lists = tuple(n for n, on in zip(names, np.atleast_1d(reported.any(axis=0)), strict=True) if on)
        return horvitz_thompson(
            by_any(chance[found]), real[found], beside=float(real[~found].sum()), lists=lists, settings=self.settings
        )

    def _window(self, term: Term) -> tuple[int, int]:
        end = min(t for t in (term.t_to, self.agreement.t_to, self.as_of) if t is not None)
        return micros(max(term.t_from, self.agreement.t_from)), micros(end)

    def _epochs(self, term: Term) -> tuple[Epoch, ...]:
        """Of the term's zone, or the union of all zones."""
        version = next(v for v in reversed(self.agreement.versions) if term in v.terms)
        if term.zone:
            return self.zones.epochs(version.version, term.zone)
        shapes = [self.zones.epochs(version.version, z)[0].geometry for z in sorted(version.zones)]
        return (Epoch(None, None, shapely.union_all(shapes)),) if shapes else ()
