"""The plain sentences of ``servanda explain`` on sources, copies, on what nobody saw, and on assumptions."""

from collections.abc import Mapping, Sequence
from typing import Any

ASSUMPTIONS = {
    "trust": "trust in reports",
    "detection": "the chance to see something",
    "place": "the place error",
    "time": "the time error",
    "kind": "the rate of mistaken kinds",
    "repeats": "the rate of repeated reports",
    "same_event": "the threshold for the same event",
    "rumour": "the rate at which rumours are passed on",
    "gate": "the distance up to which reports are compared",
    "trigger": "the distance up to which a duty is asked for",
    "presumption": "the presumption that a duty is done",
}
CHANGED = {0.5: "is halved", 2.0: "is doubled"}
CAUSES = {"nobody": "no watch stated", "dark": "darkness", "strike": "its people stopped work"}


def contribution_lines(parts: Sequence[Mapping[str, Any]] | None, f: Mapping[str, Any]) -> list[str]:
    if parts is None:
        return []
    lines = ["What each source contributed:"]
    for part in parts:
        told = f"  {part['source_id']}: {_told(part)}"
        without = part["without"]
        if without is not None:
            verdict = "the verdict stays" if without["verdict"] == f["verdict"] else f"it would be {without['verdict']}"
            told += (
                f" Without it {verdict}; chance {_moved(f['probability'], without['probability'])}, "
                f"power {_moved(f['power'], without['power'])}."
            )
        lines.append(told)
        for incident in part["incidents_without"]:
            lines.append(
                f"    Incident {incident['incident_id']}: chance {percent(incident['probability'])}, "
                f"without it {percent(incident['without'])}."
            )
    return [*(lines if parts else [*lines, "  nothing: nobody reported and nobody looked."]), ""]


def _told(part: Mapping[str, Any]) -> str:
    if not part["records"]:
        return "looked, and reported nothing that bears on this."
    records, incidents, others = part["records"], part["incidents"], part["told_by_others"]
    return (
        f"{records} record{'' if records == 1 else 's'} in {incidents} incident{'' if incidents == 1 else 's'}, "
        f"{others} of them told by an independent source as well."
    )


def copy_lines(copies: Sequence[Mapping[str, str]] | None) -> list[str]:
    if not copies:
        return []
    lines = ["Reports that repeat an earlier one, and so are no second witness:"]
    lines += [
        f"  {c['observation_id']} {c['source_id']} repeats {c['of']} {c['of_source_id']}: {c['why']} "
        f"(incident {c['incident_id']})."
        for c in copies
    ]
    return [*lines, ""]


def unseen_lines(gaps: Sequence[Mapping[str, Any]] | None, f: Mapping[str, Any]) -> list[str]:
    if gaps is None:
        return []
    found = round(10 * f["power"])
    lines = ["What could have gone unseen:", f"  Of ten such events, about {found} would have been found and proven."]
    for gap in gaps:
        missed = gap["hours"] - gap["watched"]
        where = f"in {gap['zone']}" if gap["zone"] else "anywhere in the agreement's area"
        kind = gap["kind"].replace("_", " ")
        if missed < 0.05:
            lines.append(f"  {kind}: somebody looked {where} all {gap['hours']:g} hours.")
            continue
        causes = "; ".join(f"{CAUSES.get(s, s)} {h:.1f} h" for s, h in gap["lost"].items())
        lines.append(f"  {kind}: nobody looked {where} for {missed:.1f} of {gap['hours']:g} hours ({causes}).")
    return [*lines, ""]


def sensitivity_lines(held: Mapping[str, Any] | None, f: Mapping[str, Any]) -> list[str]:
    if held is None:
        return []
    trials = held["trials"]
    lines = ["How much hangs on the assumptions:"]
    moved = [t for t in trials if t["verdict"] != f["verdict"]]
    if trials and not moved:
        lines.append(f"  The verdict holds under all {len(trials)} changes.")
    for t in moved:
        changed = CHANGED.get(t["factor"], f"is multiplied by {t['factor']:g}")
        lines.append(f"  {t['verdict']} if {ASSUMPTIONS[t['assumption']]} {changed}.")
    if trials:
        chance, power = held["probability"], held["power"]
        ends = f"{percent(chance['low'])} to {percent(chance['high'])}" if chance["low"] is not None else percent(None)
        lines.append(f"  Over all changes: chance {ends}, power {percent(power['low'])} to {percent(power['high'])}.")
    if held["not_tried"]:
        names = ", ".join(ASSUMPTIONS[a] for a in held["not_tried"])
        lines.append(f"  Not tried, with more than {held['limit']} observations: {names}.")
    return [*lines, ""]


def _moved(was: float | None, now: float | None) -> str:
    return f"{percent(was)} → {percent(now)}" if percent(was) != percent(now) else f"stays {percent(was)}"


def percent(p: float | None) -> str:
    """Whole percents; never 0 % or 100 % for what is neither."""
    if p is None:
        return "not known"
    return "under 1 %" if 0 < p < 0.01 else "over 99 %" if 0.99 < p < 1 else f"{100 * p:.0f} %"
