"""Hours looked: how long each zone was looked at for each kind that terms name, and what kept anybody from it.

A zone is stood for by places spread evenly over it, as for monitoring power. An hour in which half of the places
are looked at is half an hour looked, and so is one in which half of what a kind comprises is looked for. Two
sources that look at the same place at once are one hour looked. Every stretch has one answer: somebody looked, or
the first cause in the order of ``tables.WATCH_STATUS`` that kept somebody from it, or nobody meant to look.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from servanda import kinds
from servanda.agreement.resolved import Agreement, Epoch, Version, ZoneBook
from servanda.compliance.clock import FAR_FUTURE, FAR_PAST, Micros, micros
from servanda.compliance.power import places_in
from servanda.findings import Period
from servanda.mission.outages import asked_kinds
from servanda.report.data import LOOKED, NOBODY
from servanda.tables import WATCH_STATUS

HOUR_US = 3_600_000_000
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class _Watches:
    """Stretches of watch, touching ones of one source, kind, status and footprint joined; arrays of equal length."""

    t_start: Micros
    t_end: Micros
    source: NDArray[np.int64]
    kind: NDArray[np.int64]
    status: NDArray[np.int64]
    footprint: NDArray[np.int64]
    sources: list[str]
    kinds: list[str]
    prints: pl.Series
    """WKB; one null for everywhere."""


def looked(
    agreement: Agreement, zones: ZoneBook, watches: pl.DataFrame, period: Period, as_of: datetime, places: int
) -> pl.DataFrame:
    """A frame ``report.data.LOOKED`` for the reporting period and for the time since the agreement came into force.

    Only up to ``as_of``: nobody can have looked later. Zones are those of the version in force at the start of the
    period, as they lay at each moment; a term without a zone is looked for in all zones. Order: as the terms stand.
    """
    end = min(micros(period.t_to), micros(as_of))
    windows = {"period": (micros(period.t_from), end), "since": (min(micros(agreement.t_from), end), end)}
    version = next(v for v in reversed(agreement.versions) if v.t_from <= period.t_from)
    ready = _prepare(watches, *windows["since"])
    rows = []
    for zone, named in _asked(version).items():
        epochs = _epochs(agreement, version, zones, zone)
        for which, (low, high) in windows.items():
            if low < high:
                rows += [(which, zone, *r) for r in _zone(ready, epochs, named, low, high, places)]
    return pl.DataFrame(rows, schema=LOOKED, orient="row")


def _asked(version: Version) -> dict[str | None, list[str]]:
    """The kinds that terms name, by zone."""
    out: dict[str | None, list[str]] = {}
    for term in version.terms:
        if term.type != "allow":
            held = out.setdefault(term.zone, [])
            held += [k for k in sorted(asked_kinds(term)) if k not in held]
    return out


def _epochs(agreement: Agreement, version: Version, zones: ZoneBook, zone: str | None) -> tuple[Epoch, ...]:
    if zone is not None:
        return zones.epochs(version.version, zone)
    first = agreement.versions[0]
    shapes = [zones.epochs(first.version, z)[0].geometry for z in sorted(first.zones)]
    return (Epoch(None, None, shapely.union_all(shapes)),) if shapes else ()


def _prepare(watches: pl.DataFrame, low: int, high: int) -> _Watches:
    """A watch of which nobody knows what it sees is none, as for monitoring power."""
    watches = watches.filter((pl.col("status") != "watching") | (pl.col("p_detect") > 0))
    t0, t1 = pl.col("t_start").dt.epoch("us"), pl.col("t_end").dt.epoch("us")
    by = ["source_id", "kind", "status", "footprint"]
    near = watches.select(*by, a=t0.clip(low, high), b=t1.clip(low, high)).filter(pl.col("a") < pl.col("b"))
    near = near.sort([*by, "a", "b"], nulls_last=False)
    reach = pl.col("b").cum_max().shift(1).over(by)
    run = (pl.col("a") > reach).fill_null(True).cum_sum().over(by).alias("run")
    runs = near.with_columns(run).group_by([*by, "run"], maintain_order=True)
    joined = runs.agg(pl.col("a").min(), pl.col("b").max())
    names = {c: joined[c].unique().sort().to_list() for c in ("source_id", "kind")}
    prints = joined["footprint"].unique().sort()
    return _Watches(
        joined["a"].to_numpy(),
        joined["b"].to_numpy(),
        _positions(joined["source_id"], pl.Series(names["source_id"], dtype=pl.String)),
        _positions(joined["kind"], pl.Series(names["kind"], dtype=pl.String)),
        _positions(joined["status"], pl.Series(WATCH_STATUS)),
        _positions(joined["footprint"], prints),
        names["source_id"],
        names["kind"],
        prints,
    )


def _positions(column: pl.Series, names: pl.Series) -> NDArray[np.int64]:
    index = pl.DataFrame({"v": names, "i": np.arange(len(names), dtype=np.int64)})
    found = column.rename("v").to_frame().join(index, on="v", how="left", nulls_equal=True, maintain_order="left")
    return found["i"].to_numpy()


def _zone(
    w: _Watches, epochs: tuple[Epoch, ...], named: list[str], low: int, high: int, places: int
) -> Iterator[tuple[str, str | None, str, float, float]]:
    """(kind, source or None for all together, status, hours, hours of the window) of one zone."""
    total: dict[str, NDArray[np.float64]] = {}
    for epoch in epochs:
        a, b = max(low, micros(epoch.t_from, FAR_PAST)), min(high, micros(epoch.t_to, FAR_FUTURE))
        if a < b:
            cover = _cover(w, epoch, a, b, places)
            for kind in named:
                hours = _of_kind(w, cover, kind)
                total[kind] = total[kind] + hours if kind in total else hours
    length = (high - low) / HOUR_US
    for kind, hours in total.items():
        for i, name in enumerate([None, *w.sources]):
            for status, h in zip(WATCH_STATUS, hours[i].tolist(), strict=True):
                if h > 0:
                    yield kind, name, status, round(h, 6), length
        yield kind, None, NOBODY, round(max(length - float(hours[0].sum()), 0.0), 6), length


@dataclass(frozen=True)
class _Cover:
    """While a zone lies as it does: every pair of a watch and a place that it looks at, by place and start of watch.

    Places that the same watches look at are one. ``weight``: share of the zone that each place stands for.
    """

    watch: NDArray[np.int64]
    place: NDArray[np.int64]
    start: Micros
    end: Micros
    weight: NDArray[np.float64]

    def hours(self, chosen: Bools, status: NDArray[np.int64]) -> NDArray[np.float64]:
        """(statuses,) hours of the ``chosen`` pairs: what each status adds to those before it.

        So no moment of a place is counted twice. ``status``: of every pair.
        """
        out, before = np.zeros(len(WATCH_STATUS)), 0.0
        of_chosen = status[chosen]
        for s in np.unique(of_chosen):
            at = np.flatnonzero(chosen)[of_chosen <= s]
            together = float(self.weight @ self._union_us(at)) / HOUR_US
            out[s] = together - before
            before = together
        return out

    def _union_us(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        """(places,) length of the union of the stretches of these pairs; microseconds."""
        place, start, end = self.place[at], self.start[at], self.end[at]
        # Each place on a stretch of time of its own, so that one pass serves all.
        apart = place * int(end.max() - start.min() + 1)
        reach = np.maximum.accumulate(apart + end)
        known = np.r_[np.iinfo(np.int64).min, reach[:-1]]
        new = np.maximum(apart + end - np.maximum(apart + start, known), 0)
        return np.bincount(place, weights=new, minlength=len(self.weight)).astype(np.float64)


def _cover(w: _Watches, epoch: Epoch, low: int, high: int, places: int) -> _Cover:
    rows = np.flatnonzero((w.t_start < high) & (w.t_end > low))
    rows = rows[np.argsort(w.t_start[rows], kind="stable")]
    at = places_in(epoch.geometry, places)
    prints = np.unique(w.footprint[rows])
    shapes = shapely.from_wkb(np.array(w.prints.gather(prints).to_list(), dtype=object))
    covered = np.repeat(shapely.is_missing(shapes)[:, None], len(at), axis=1)
    i, j = shapely.STRtree(shapely.points(at)).query(shapes, predicate="intersects")
    covered[i, j] = True
    alike, counts = np.unique(covered, axis=1, return_counts=True) if len(prints) else (covered, np.ones(0))
    place, n = np.nonzero(alike[np.searchsorted(prints, w.footprint[rows])].T)
    watch = rows[n]
    start, end = w.t_start[watch].clip(low, high), w.t_end[watch].clip(low, high)
    return _Cover(watch, place, start, end, counts / max(len(at), 1))


def _of_kind(w: _Watches, cover: _Cover, kind: str) -> NDArray[np.float64]:
    """(1 + sources, statuses) hours; row 0 is all sources together. Every leaf of the kind counts alike."""
    leaves = sorted(kinds.leaves(kind))
    able = np.array([[k in kinds.lineage(leaf) for leaf in leaves] for k in w.kinds], dtype=bool)
    alike, counts = np.unique(able.reshape(len(w.kinds), len(leaves)), axis=1, return_counts=True)
    out = np.zeros((1 + len(w.sources), len(WATCH_STATUS)))
    status, source = w.status[cover.watch], w.source[cover.watch]
    for column, count in zip(alike.T, counts, strict=True):
        if not column.any():
            continue
        able_pairs = column[w.kind[cover.watch]]
        out[0] += cover.hours(able_pairs, status) * count
        for s in np.unique(source[able_pairs]):
            out[1 + s] += cover.hours(able_pairs & (source == s), status) * count
    return out / len(leaves)
