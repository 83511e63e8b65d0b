"""Term by term: which groups are lists, what counts, and every reason for abstaining in every language."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely

from servanda.agreement.model import Proof
from servanda.agreement.resolved import Agreement, Epoch, Term, Version
from servanda.compliance.undercount import Evidence, UndercountSettings, undercounts
from servanda.compliance.undercount.refusal import TEXTS
from servanda.compliance.undercount.strata import Stratum
from servanda.findings import Undercount
from servanda.report.language import catalogue, placeholders
from servanda.tables import INCIDENTS, MEMBERSHIP, SOURCES, WATCHES

T0, T1 = datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 6, 1, tzinfo=UTC)
AREA = shapely.box(30, 48, 31, 49)
TERM = Term("quiet", "forbid", "Art. 1", "", "", (), None, frozenset({"explosive"}), T0, T1, Proof(), 0.8)
N = 600


class Book:
    """One zone that does not move."""

    def epochs(self, version: str, zone_id: str, party: str | None = None) -> tuple[Epoch, ...]:
        return (Epoch(None, None, AREA),)

    def dates(self, version: str, zone_id: str) -> tuple[datetime, ...]:
        return ()

    def differs(self, version: str, zone_id: str) -> bool:
        return False


AGREEMENT = Agreement("", "", "UTC", T0, T1, (), (Version("1", "", T0, T1, (TERM,), {"area": None}),), "", "")  # type: ignore[dict-item]


def evidence(
    chances: dict[str, float], p_detect: dict[str, float] | None = None, relays: tuple[str, ...] = ()
) -> Evidence:
    """N incidents even in place and time; each group sees each with its chance."""
    rng = np.random.default_rng(1)
    groups = list(chances)
    on = rng.random((N, len(groups))) < np.array(list(chances.values()))
    seen = np.flatnonzero(on.any(axis=1)).tolist()
    when = [T0 + (T1 - T0) * float(u) for u in rng.random(N)]
    incidents = pl.DataFrame(
        [
            {
                "incident_id": f"i{i}", "probability": 1.0, "kind": "mine_or_ied", "t_start": when[i], "t_end": when[i],
                "lon": 30 + rng.random(), "lat": 48 + rng.random(), "monitor_seen": False,
                "witnesses": int(on[i].sum()),
                "witness_groups": [groups[j] for j in np.flatnonzero(on[i])], "observations": int(on[i].sum()),
            }
            for i in seen
        ],
        schema_overrides={"t_start": INCIDENTS.schema["t_start"], "t_end": INCIDENTS.schema["t_end"]},
    )  # fmt: skip
    pairs = [(i, groups[j]) for i in seen for j in np.flatnonzero(on[i]).tolist()]
    observations = pl.DataFrame(
        {"observation_id": [f"{i}{g}" for i, g in pairs], "witness_group": [g for _, g in pairs]}
    )
    membership = pl.DataFrame(
        {
            "observation_id": observations["observation_id"],
            "incident_id": [f"i{i}" for i, _ in pairs],
            "probability": 1.0,
        }
    )
    sources = pl.DataFrame(
        {"source_id": groups, "witness_group": groups, "is_witness": [g not in relays for g in groups]}
    )
    rows = [
        {"watch_id": g, "source_id": g, "witness_group": g, "t_start": T0, "t_end": T1, "kind": "explosive",
         "p_detect": p, "status": "watching", "recorded_at": T0} for g, p in (p_detect or {}).items()
    ]  # fmt: skip
    watches = WATCHES.conform(pl.DataFrame(rows)) if rows else WATCHES.empty()
    terms = incidents.select(
        "incident_id", term_id=pl.lit("quiet"), probability=pl.lit(1.0), exempt_by=pl.lit(None, pl.String)
    )
    known = INCIDENTS.conform(incidents)
    unneeded = {c: pl.lit(None, SOURCES.schema[c]) for c in SOURCES.names if c not in sources.columns}
    return Evidence(
        known,
        MEMBERSHIP.conform(membership),
        MEMBERSHIP.empty(),
        observations,
        watches,
        sources.with_columns(**unneeded),
        terms,
    )


def ask(e: Evidence, settings: UndercountSettings | None = None, strata: tuple[Stratum, ...] = ()) -> list[Undercount]:
    return list(undercounts(AGREEMENT, Book(), e, T1, settings, strata=strata))


def code(u: Undercount) -> str | None:
    return u.refused.code if u.refused else None


def test_three_lists_and_their_watches_give_two_estimates_that_hold_the_truth() -> None:
    chances = {"a": 0.5, "b": 0.4, "c": 0.45}
    lists, effort = ask(evidence(chances, chances))
    assert (lists.method, effort.method) == ("log_linear", "effort")
    for u in (lists, effort):
        assert u.low is not None and u.high is not None and u.low < N < u.high, u
        assert u.lists == ("a", "b", "c")
        assert u.seen < 520
    assert effort.to_json()["refused"] is None


def test_who_relays_is_no_list() -> None:
    (lists, _) = ask(evidence({"a": 0.5, "b": 0.4, "c": 0.45}, relays=("c",)))
    assert code(lists) == "few_lists"
    assert lists.refused is not None and dict(lists.refused.values) == {"lists": 2, "least": 3, "relaying": 1}


def test_who_relays_finds_on_watch_all_the_same() -> None:
    chances = {"a": 0.5, "b": 0.4}
    e = evidence(chances, chances, relays=("a", "b"))
    witnessed = e.incidents.with_columns(witness_groups=pl.lit([], INCIDENTS.schema["witness_groups"]))
    unseen = Evidence(witnessed, e.membership, e.alternatives, e.observations, e.watches, e.sources, e.incident_terms)
    lists, effort = ask(unseen)
    assert lists.refused is not None and dict(lists.refused.values)["relaying"] == 2
    assert effort.low is not None and effort.high is not None and effort.low < N < effort.high


def test_groups_that_depend_by_design_are_one_list() -> None:
    chances = {"a": 0.5, "b": 0.4, "c": 0.45, "d": 0.3}
    settings = UndercountSettings(dependent=(("a", "d"),))
    assert ask(evidence(chances), settings)[0].lists == ("a+d", "b", "c")
    assert code(ask(evidence(chances), UndercountSettings(dependent=(("a", "d", "c"),)))[0]) == "few_lists"


def test_who_only_follows_the_records_of_others_is_no_list() -> None:
    e = evidence({"a": 0.5, "b": 0.4, "c": 0.45}, {"c": 0.5})
    follows = e.watches.with_columns(about_record=pl.lit("r1"))
    changed = Evidence(e.incidents, e.membership, e.alternatives, e.observations, follows, e.sources, e.incident_terms)
    assert code(ask(changed)[0]) == "few_lists"


def test_effort_needs_watches_over_most_of_the_term() -> None:
    e = evidence({"a": 0.5}, {"a": 0.5})
    assert code(ask(evidence({"a": 0.5}))[1]) == "no_watch"
    half = e.watches.with_columns(t_end=pl.lit(T0 + timedelta(days=15)).cast(WATCHES.schema["t_end"]))
    short = Evidence(e.incidents, e.membership, e.alternatives, e.observations, half, e.sources, e.incident_terms)
    refused = ask(short)[1].refused
    assert refused is not None and refused.code == "unwatched"
    assert 40 < float(str(dict(refused.values)["watched"])) < 56


def test_days_need_two_lists_that_watched_and_no_chance_of_detection() -> None:
    """600 incidents on 31 days: each day has some, and each list says so."""
    chances = {"a": 0.5, "b": 0.4, "c": 0.45}
    days = UndercountSettings(methods=("days",))
    (found,) = ask(evidence(chances, dict.fromkeys(chances, 0.001)), days)
    assert (found.method, found.seen, found.estimate, found.lists) == ("days", 31.0, 31.0, ("a", "b", "c"))
    (alone,) = ask(evidence(chances, {"a": 0.5}), days)
    assert code(alone) == "few_days" and alone.seen == 31.0, "refused or not, days are counted and not incidents"
    assert code(ask(evidence(chances, chances, relays=("b", "c")), days)[0]) == "few_days"
    few = evidence({"a": 0.02, "b": 0.02}, {"a": 0.5, "b": 0.5})
    (rare,) = ask(few, UndercountSettings(methods=("days",), least_overlap=1, runaway=100))
    assert rare.estimate and rare.low and rare.seen <= rare.low < rare.estimate <= 31


def test_days_are_local_and_cut_by_the_stratum() -> None:
    chances = {"a": 0.5, "b": 0.4, "c": 0.45}
    e = evidence(chances, chances)
    middle = T0 + timedelta(days=25)
    members = e.incidents.filter(pl.col("t_start") < middle).select("incident_id", share=pl.lit(1.0))
    part_of = Stratum("so far", members, t_to=middle)
    found = ask(e, UndercountSettings(methods=("days",)), (part_of,))
    assert [u.estimate for u in found] == [31.0, 25.0]


def test_counts_over_a_period_are_not_matched() -> None:
    e = evidence({"a": 0.5, "b": 0.4, "c": 0.45})
    many = e.incidents.with_columns(
        counts=pl.lit([{"kind": "mine_or_ied", "low": 5.0, "high": 5.0}], dtype=INCIDENTS.schema["counts"])
    )
    counted = Evidence(many, e.membership, e.alternatives, e.observations, e.watches, e.sources, e.incident_terms)
    assert {code(u) for u in ask(counted)} == {"counted"}


def part(e: Evidence, name: str, east: bool, share: float = 1.0, **reach: Any) -> Stratum:
    """The incidents of one half of the area."""
    members = e.incidents.filter((pl.col("lon") > 30.5) == east).select("incident_id", share=pl.lit(share))
    return Stratum(name, members, **reach)


def test_strata_have_lists_and_effort_of_their_own() -> None:
    chances = {"a": 0.5, "b": 0.4, "c": 0.45}
    e = evidence(chances, chances)
    halves = (part(e, "east", True, area=shapely.box(30.5, 48, 31, 49)), part(e, "west", False))
    found = ask(e, strata=halves)
    assert [(u.stratum, u.method) for u in found] == [
        (stratum, method) for stratum in ("", "east", "west") for method in ("log_linear", "effort")
    ]
    for whole, east, west in ((found[0], found[2], found[4]), (found[1], found[3], found[5])):
        assert east.seen + west.seen == pytest.approx(whole.seen)
        assert east.estimate and west.estimate and whole.estimate
        assert east.estimate + west.estimate == pytest.approx(whole.estimate, rel=0.02)
        assert whole.method == "log_linear" or east.estimate + west.estimate == pytest.approx(whole.estimate)
    assert len(ask(e, UndercountSettings(most_strata=1), halves)) == 4


def test_effort_of_a_stratum_asks_who_watched_the_stratum() -> None:
    e = evidence({"a": 0.5}, {"a": 0.5})
    west = shapely.to_wkb(shapely.box(30, 48, 30.5, 49))
    only_west = e.watches.with_columns(footprint=pl.lit(west, pl.Binary))
    half = Evidence(e.incidents, e.membership, e.alternatives, e.observations, only_west, e.sources, e.incident_terms)
    east_area, west_area = shapely.box(30.5, 48, 31, 49), shapely.box(30, 48, 30.5, 49)
    strata = (part(half, "east", True, area=east_area), part(half, "west", False, area=west_area))
    whole, east, west_half = (u for u in ask(half, strata=strata) if u.method == "effort")
    assert (code(whole), code(east), code(west_half)) == ("unwatched", "no_watch", None)
    after = Stratum("later", strata[1].members, t_from=T1)
    none = Stratum("other kinds", strata[1].members, kind="airspace")
    assert [code(u) for u in ask(half, strata=(after, none)) if u.stratum and u.method == "effort"] == ["no_watch"] * 2


def test_what_a_party_did_with_a_chance_counts_with_that_chance() -> None:
    e = evidence({"a": 0.5, "b": 0.4, "c": 0.45}, {"a": 0.5, "b": 0.4, "c": 0.45})
    whole, half = (part(e, name, True, share) for name, share in (("sure", 1.0), ("even", 0.5)))
    even, sure = ([u for u in ask(e, strata=(whole, half)) if u.stratum == name] for name in ("even", "sure"))
    for one, other in zip(even, sure, strict=True):
        assert one.seen == pytest.approx(other.seen / 2, rel=0.02) and one.estimate and other.estimate
        assert one.estimate == pytest.approx(other.estimate / 2, rel=0.1)


@pytest.mark.parametrize("language", ["en", "uk", "ru", "fr"])
def test_every_reason_is_said_in_every_language(language: str) -> None:
    words = catalogue(language)
    for name, text in TEXTS.items():
        assert f"undercount.refused_{name}" not in words.missing, name
        assert placeholders(words.messages[f"undercount.refused_{name}"]) == placeholders(text), name
    assert catalogue("en").messages["undercount.refused_few_lists"] == TEXTS["few_lists"]
