"""Worlds that break what Servanda takes for granted: the demo with one thing in it that nobody tells.

Not for acceptance: they show how far the numbers fail when the world is not as stated.
"""

from collections.abc import Mapping

from servanda.worlds.ready import DEMO, PRESS, WARDENS, changed, copier
from servanda.worlds.spec import Copying, Watcher, Waves, WorldSpec


def _demo(name: str, title: str, **fields: object) -> WorldSpec:
    return WorldSpec.model_validate(DEMO.model_dump() | {"name": name, "title": title} | fields)


def _stating(**fields: object) -> tuple[Watcher, ...]:
    return tuple(changed(w, **fields) for w in DEMO.watchers)


def _silent(source_id: str, of: Watcher) -> Watcher:
    """An outlet that copies, says nothing of it, and stands as a witness of its own."""
    hidden = Copying(of=of.source_id, share=0.6, delay_h=4, blur_m=1500, declared=False)
    return changed(copier(source_id, of, 0.6), title="Outlet", witness_group=source_id, reliability="C", copies=hidden)


BROKEN: Mapping[str, WorldSpec] = {
    s.name: s
    for s in (
        _demo("sees-less", "Watches see a sixth less than they state", watchers=_stating(overstates_detect=1.2)),
        _demo("sees-more", "Watches see a quarter more than they state", watchers=_stating(overstates_detect=0.8)),
        _demo("errs-more", "Sources err twice as often as they state", watchers=_stating(overstates_false=0.5)),
        _demo("errs-less", "Sources err half as often as they state", watchers=_stating(overstates_false=2.0)),
        _demo("copying", "Three outlets copy and do not say so",
              watchers=(*DEMO.watchers, _silent("echo", PRESS), _silent("mirror", PRESS), _silent("relay", WARDENS))),
        _demo("waves", "Violence comes in waves", waves=Waves(spread=1.0, memory_days=3.0)),
    )
}  # fmt: skip
"""By name; each breaks one assumption, and the seeds of the demo give the same draw of all else."""
