"""Geometry that changes with time: epochs that cover all time, worked out only when somebody looks."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property

from shapely.geometry.base import BaseGeometry

from servanda.agreement.resolved import Epoch

Epochs = tuple[Epoch, ...]
Combine = Callable[[Sequence[BaseGeometry]], BaseGeometry]


class LazyEpoch(Epoch):
    """An epoch whose geometry is worked out the first time it is asked for."""

    def __init__(self, t_from: datetime | None, t_to: datetime | None, compute: Callable[[], BaseGeometry]) -> None:
        object.__setattr__(self, "t_from", t_from)
        object.__setattr__(self, "t_to", t_to)
        object.__setattr__(self, "_compute", compute)

    @cached_property
    def geometry(self) -> BaseGeometry:
        compute: Callable[[], BaseGeometry] = self.__dict__["_compute"]
        return compute()

    def __repr__(self) -> str:
        return f"LazyEpoch({self.t_from}, {self.t_to})"


def always(geometry: BaseGeometry) -> Epochs:
    """One epoch for all time."""
    return (Epoch(None, None, geometry),)


def dated(shapes: Sequence[tuple[datetime, str, BaseGeometry]]) -> Epochs:
    """Epochs from (start, digest, geometry) in time order: each holds until the next, the first also before.

    Neighbours with the same digest become one.
    """
    kept = [s for i, s in enumerate(shapes) if i == 0 or s[1] != shapes[i - 1][1]]
    starts: list[datetime | None] = [None, *(s[0] for s in kept[1:]), None]
    return tuple(Epoch(starts[i], starts[i + 1], s[2]) for i, s in enumerate(kept))


def combine(inputs: Sequence[Epochs], how: Combine) -> Epochs:
    """Epochs of something made from others; it changes when any of them does."""
    cuts = sorted({e.t_from for epochs in inputs for e in epochs if e.t_from is not None})
    starts: list[datetime | None] = [None, *cuts, None]
    return tuple(
        LazyEpoch(starts[i], starts[i + 1], _later([epoch_at(e, starts[i]) for e in inputs], how))
        for i in range(len(cuts) + 1)
    )


def epoch_at(epochs: Epochs, t: datetime | None) -> Epoch:
    """The epoch that holds at ``t``; None: before all dates."""
    if t is None:
        return epochs[0]
    return next(e for e in reversed(epochs) if e.t_from is None or e.t_from <= t)


def _later(epochs: Sequence[Epoch], how: Combine) -> Callable[[], BaseGeometry]:
    return lambda: how([e.geometry for e in epochs])
