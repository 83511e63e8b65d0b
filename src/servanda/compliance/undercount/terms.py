"""For each term of the agreement: how many incidents there were in all, or why nobody can say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from servanda.agreement.resolved import Agreement, Term, ZoneBook
from servanda.compliance.settings import AssessSettings
from servanda.compliance.undercount.captures import screened
from servanda.compliance.undercount.estimate import Estimate
from servanda.compliance.undercount.imputation import histories
from servanda.compliance.undercount.latent import latent_class
from servanda.compliance.undercount.loglinear import log_linear
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings
from servanda.compliance.undercount.strata import WHOLE, Stratum
from servanda.compliance.undercount.term_effort import Looking, looking
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
    strata: Sequence[Stratum] = (),
) -> tuple[Undercount, ...]:
    """One answer per term that forbids or limits, stratum and method; never an exception.

    An incident may be in several ``strata``; the whole of each term is the stratum ``""`` and comes first. An
    incident counts with the chance that it violates the term, by whoever; one that stands for many does not count.
    """
    settings = settings or UndercountSettings()
    looked = looking(agreement, zones, evidence.watches, evidence.sources, as_of, settings, assess or AssessSettings())
    lists = _lists(evidence, settings)
    case = _Case(settings, looked, lists, _heard(evidence), _reports(evidence, lists))
    out: list[Undercount] = []
    for term in _terms(agreement):
        mine = evidence.incident_terms.filter((pl.col("term_id") == term.term_id) & (pl.col("probability") > 0))
        mine = mine.group_by("incident_id").agg(pl.col("probability").max()).sort("incident_id")
        for stratum, part in [(WHOLE, mine), *_parts(mine, strata, settings.most_strata)]:
            out.extend(case.answers(term, stratum, part))
    return tuple(out)


def _terms(agreement: Agreement) -> list[Term]:
    """Each by its last version."""
    return list({t.term_id: t for v in agreement.versions for t in v.terms if t.type in ASKED}.values())


def _parts(mine: pl.DataFrame, strata: Sequence[Stratum], most: int) -> list[tuple[Stratum, pl.DataFrame]]:
    """Those with any of these incidents, at most so many: first those with most, then by name."""
    parts = [(s, part) for s in strata if not (part := s.of(mine)).is_empty()]
    fullest = sorted(parts, key=lambda x: (-round(float(x[1]["probability"].sum()), 6), x[0].name))[:most]
    return sorted(fullest, key=lambda x: x[0].name)


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


def _heard(evidence: Evidence) -> pl.DataFrame:
    """Of the incidents that may violate any term: kind, time and place; ``single``: is it one, not a count of many;
    ``groups``: every witness group that reported it, those that relay as well."""
    some = evidence.incident_terms.filter(pl.col("probability") > 0).select("incident_id")
    told = (
        evidence.membership.join(some, on="incident_id", how="semi")
        .join(evidence.observations.select("observation_id", "witness_group"), on="observation_id", how="inner")
        .group_by("incident_id")
        .agg(groups=pl.col("witness_group").unique().sort())
    )
    columns = ("incident_id", "kind", "t_start", "t_end", "lon", "lat")
    incidents = evidence.incidents.select(*columns, single=pl.col("counts").is_null())
    return incidents.join(some, on="incident_id", how="semi").join(told, on="incident_id", how="left")


def _reports(evidence: Evidence, lists: dict[str, str]) -> pl.DataFrame:
    """observation_id, incident_id, probability, list: every incident that a report may be of."""
    listed = pl.col("witness_group").replace_strict(lists, default=None, return_dtype=pl.String)
    by = evidence.observations.select("observation_id", list=listed)
    columns = ("observation_id", "incident_id", "probability")
    both = pl.concat([evidence.membership.select(columns), evidence.alternatives.select(columns)])
    return both.join(by, on="observation_id", how="left")


@dataclass(frozen=True)
class _Case:
    """What all answers share. ``lists``: by witness group; ``heard``, ``reports``: as the functions of these names."""

    settings: UndercountSettings
    looked: Looking
    lists: dict[str, str]
    heard: pl.DataFrame
    reports: pl.DataFrame

    def answers(self, term: Term, stratum: Stratum, mine: pl.DataFrame) -> Iterator[Undercount]:
        """``mine``: incident_id, probability that it violates the term."""
        table = mine.join(self.heard, on="incident_id", how="inner", maintain_order="left")
        single = table.filter("single")
        seen_one_by_one = float(single["probability"].sum())
        for method in self.settings.methods:
            seen = self._days_seen(single) if method == "days" else seen_one_by_one
            try:
                if single.is_empty() and table.height:
                    raise Abstained("counted", counted=table.height)
                e = self._estimate(method, term, stratum, single)
            except Abstained as refusal:
                yield Undercount(term.term_id, stratum.name, method, seen, refused=refusal.reason)
            else:
                yield Undercount(term.term_id, stratum.name, method, e.seen, e.total, e.low, e.high, e.lists, e.parts)

    def _days_seen(self, single: pl.DataFrame) -> float:
        """Expected number of local days with a real one."""
        middle = (pl.col("t_start").dt.epoch("us") + pl.col("t_end").dt.epoch("us")) // 2
        utc = pl.from_epoch(middle, time_unit="us").dt.replace_time_zone("UTC")
        day = utc.dt.convert_time_zone(self.looked.agreement.time_zone).dt.date()
        silent = single.group_by(day=day).agg(none=(1.0 - pl.col("probability")).product()).sort("day")
        return float((1.0 - silent["none"]).sum())

    def _estimate(self, method: str, term: Term, stratum: Stratum, single: pl.DataFrame) -> Estimate:
        if method == "effort":
            return self.looked.estimate(term, stratum, single)
        if method == "days":
            return self.looked.days(term, stratum, single, self.lists)
        return self._by_lists(method, single)

    def _by_lists(self, method: str, single: pl.DataFrame) -> Estimate:
        if single.is_empty():
            raise Abstained("nothing_seen")
        groups = set(single["groups"].explode().drop_nulls().to_list())
        names = tuple(sorted({self.lists[g] for g in groups if g in self.lists}))
        relaying = len(groups - self.lists.keys())
        if len(names) < self.settings.least_lists:
            raise Abstained("few_lists", lists=len(names), least=self.settings.least_lists, relaying=relaying)
        captured = histories(self.reports, single.select("incident_id", "probability"), names, self.settings)
        return METHODS[method](screened(captured, self.settings, relaying), self.settings)
