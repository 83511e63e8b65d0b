"""Worlds with known truth for the bench of fusion: families that vary what fusion has to cope with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
KM_PER_DEGREE, LATITUDE = 111.195, 48.5
KINDS = (0.45, 0.1, 0.25, 0.15, 0.05)
WIDTH_KM, HEIGHT_KM = 500.0, 200.0
FALSE = 10**6
"""Numbers of false reports begin here: each is of nothing but itself."""


@dataclass(frozen=True)
class Teller:
    """detect: share of incidents told; km, hours: errors; confusion, false: shares; repeat: per incident told; daily:
    gives only the day; copies: share of its reports that are another source's, by its name."""

    name: str
    detect: float
    km: float
    hours: float
    confusion: float
    false: float
    repeat: float
    daily: bool = False
    copies: Mapping[str, float] = field(default_factory=dict)


FOUR = (
    Teller("observer", 0.35, 0.3, 0.17, 0.05, 0.10, 0.03),
    Teller("thermal", 0.50, 1.0, 1.5, 0.30, 0.20, 0.02),
    Teller("media", 0.60, 5.0, 4.0, 0.15, 0.15, 0.15),
    Teller("official", 0.25, 12.0, 8.0, 0.10, 0.10, 0.02, daily=True),
)
NOISY = tuple(Teller(t.name, t.detect, t.km, t.hours, t.confusion, 2.5 * t.false, t.repeat, t.daily) for t in FOUR)
POOR = tuple(Teller(t.name, 0.6 * t.detect, 2 * t.km, 2 * t.hours, 0.3, t.false, t.repeat, t.daily) for t in FOUR)
SEVEN = (
    *FOUR,
    Teller("sensor", 0.3, 0.5, 0.05, 0.0, 0.25, 0.0),
    Teller("patrol", 0.2, 0.8, 1.0, 0.05, 0.03, 0.05),
    Teller("channel", 0.4, 3.0, 2.0, 0.2, 0.3, 0.1),
)
UNEVEN = (
    Teller("post", 0.15, 0.5, 0.5, 0.05, 0.02, 0.0),
    Teller("wire", 0.7, 6.0, 6.0, 0.2, 0.45, 0.1),
    Teller("camera", 0.4, 0.2, 0.1, 0.02, 0.1, 0.01),
    Teller("channel", 0.5, 3.0, 2.0, 0.25, 0.3, 0.05),
)
COPYING = (*FOUR, Teller("echo", 0.1, 5.0, 4.0, 0.15, 0.15, 0.02, copies={"media": 0.4}))


@dataclass(frozen=True)
class Family:
    """moving: the fighting shifts along the front day by day, in waves."""

    tellers: tuple[Teller, ...] = FOUR
    incidents: int = 2000
    days: float = 90.0
    moving: bool = False


FAMILIES = {
    "sparse": Family(incidents=700),
    "middling": Family(),
    "dense": Family(incidents=6000),
    "noisy": Family(NOISY),
    "poor sources": Family(POOR),
    "seven sources": Family(SEVEN),
    "three sources": Family((FOUR[0], FOUR[2], SEVEN[6])),
    "uneven sources": Family(UNEVEN),
    "copying (undeclared)": Family(COPYING),
    "moving, in waves": Family(moving=True),
}


def world(family: Family, seed: int) -> Arrays:
    """src, x, y (km), h (hours), kind, truth, lon, lat by report, in an order that says nothing."""
    rng = np.random.default_rng(seed)
    n, hours = family.incidents, family.days * 24
    t = _times(family, n, rng)
    xy = _places(family, t, rng)
    kind = rng.choice(len(KINDS), n, p=KINDS)
    told: dict[str, tuple[NDArray[Any], ...]] = {}
    for k, teller in enumerate(family.tellers):
        i = np.flatnonzero(rng.random(n) < teller.detect)
        i = np.concatenate([i, rng.choice(i, int(len(i) * teller.repeat))])
        none = int(len(i) * teller.false / (1 - teller.false))
        when = _times(family, none, rng)
        x = np.r_[xy[i] + rng.normal(0, teller.km, (len(i), 2)), _places(family, when, rng)]
        h = np.r_[t[i] + rng.normal(0, teller.hours, len(i)), when]
        said = np.r_[kind[i], rng.choice(len(KINDS), none)]
        said = np.where(rng.random(len(said)) < teller.confusion, rng.choice(len(KINDS), len(said)), said)
        truth = np.r_[i, FALSE * (k + 1) + np.arange(none)]
        for other, share in teller.copies.items():
            ox, oh, osaid, otruth, _ = told[other]
            c = np.flatnonzero(rng.random(len(otruth)) < share)
            x, h = np.r_[x, ox[c]], np.r_[h, oh[c] + rng.uniform(0.05, 0.5, len(c))]
            said, truth = np.r_[said, osaid[c]], np.r_[truth, otruth[c]]
        h = np.floor(h / 24) * 24 + 12.0 if teller.daily else h
        told[teller.name] = (x, h, said, truth, np.full(len(truth), k))
    x, h, said, truth, src = (np.concatenate(v) for v in zip(*told.values(), strict=True))
    p = rng.permutation(len(src))
    kx = KM_PER_DEGREE * np.cos(np.radians(LATITUDE))
    lon, lat = 30.0 + x[p, 0] / kx, LATITUDE + x[p, 1] / KM_PER_DEGREE
    return {
        "src": src[p], "x": x[p, 0], "y": x[p, 1], "h": np.clip(h[p], -24, hours + 24), "kind": said[p],
        "truth": truth[p], "lon": lon, "lat": lat,
    }  # fmt: skip


def _times(family: Family, n: int, rng: np.random.Generator) -> NDArray[Any]:
    hours = family.days * 24
    if not family.moving:
        return rng.uniform(0, hours, n)
    tried = rng.uniform(0, hours, 20 * n + 100)
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * tried / (24 * 9)) + 0.3 * np.sin(2 * np.pi * tried / 24)
    return tried[rng.random(len(tried)) < np.clip(wave, 0.02, 1.3) / 1.3][:n]


def _places(family: Family, t: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Two in three near one of twelve places, the rest anywhere; ``moving``: the places drift along the front."""
    n = len(t)
    hot = np.random.default_rng(12).uniform((0, 0), (WIDTH_KM, HEIGHT_KM), (12, 2))
    drift = np.c_[np.where(family.moving, 1.5 * t / 24, 0.0), np.zeros(n)]
    near = hot[rng.integers(12, size=n)] + drift + rng.normal(0, 15, (n, 2))
    anywhere = rng.uniform((0, 0), (WIDTH_KM, HEIGHT_KM), (n, 2))
    return np.where(rng.random((n, 1)) < 0.66, near, anywhere)
