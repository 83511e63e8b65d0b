"""A finding in plain words, with the observations behind it and everything that was said before."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from servanda.errors import EvidenceError, ServandaError
from servanda.evidence import Store, open_store
from servanda.evidence.findings import StoredFinding
from servanda.findings import iso
from servanda.mission import config
from servanda.mission.behind import contributed, repeated, unseen
from servanda.mission.config import Mission
from servanda.mission.explain_words import contribution_lines, copy_lines, percent, sensitivity_lines, unseen_lines
from servanda.mission.pipeline import again, tried

SAY = {
    "broken": "BROKEN: at least one incident violates the term to its standard of proof.",
    "exempt": "EXEMPT: what would have broken the term falls under an exemption.",
    "alleged": "ALLEGED: something reported would break the term, but the proof falls short.",
    "kept": "KEPT: nothing counts against it, and somebody was looking well enough.",
    "unverifiable": "UNVERIFIABLE: nothing counts against it, but the watch was too poor to say that it was kept.",
    "pending": "PENDING: the period or the deadline is not over, and nothing counts against it.",
}


def account(folder: Path, finding_id: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The finding, its observations (restricted ones without text and place) and its history, as data.

    Raises EvidenceError when no finding, or more than one, has that id.
    """
    mission = config.load(folder, os.environ if env is None else env)
    with open_store(mission.store_path, create=False) as store:
        found = store.find_finding(finding_id)
        if found is None:
            raise EvidenceError(f"There is no finding '{finding_id}'. Mend: take an id from a report or findings.json.")
        observations = store.observation(found.json["observation_ids"])
        f = found.json
        history = store.history((f["term_id"], f["party"], f["period"]["from"], f["period"]["to"]))
        worked = _worked_out(mission, store, found)
    return {
        "finding": {**found.json, "supersedes": found.supersedes},
        **worked,
        "as_of": iso(found.as_of),
        "observations": [_shown(row) for row in observations.iter_rows(named=True)],
        "history": [
            {
                "finding_id": h.finding_id,
                "as_of": iso(h.as_of),
                "verdict": h.json["verdict"],
                "supersedes": h.supersedes,
            }
            for h in history
        ],
    }


def _worked_out(mission: Mission, store: Store, found: StoredFinding) -> dict[str, Any]:
    """What needs the judgement made again: sensitivity, each source's part, copies, what went unseen; or why not."""
    held = found.json.get("sensitivity")
    try:
        a = again(mission, store, found.as_of)
    except ServandaError as error:
        return {"sensitivity": held, "not_worked_out": f"The evidence cannot be judged again: {error}"}
    finding = next((f for f in a.judged.assessment.findings if f.finding_id == found.finding_id), None)
    if finding is None:
        what = "Files, agreement, settings or program have changed since, so the finding does not come out again."
        return {"sensitivity": held, "not_worked_out": what}
    if held is None and finding.period.name == "in_force":
        moved = next(f for f in tried(mission, a.agreement, a.zones, a.judged, a.periods) if f.key == finding.key)
        held = moved.to_json().get("sensitivity")
    return {
        "sensitivity": held,
        "contributed": contributed(a, finding),
        "copies": repeated(a, finding),
        "unseen": unseen(a, finding),
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    keys = ["observation_id", "source_id", "kind", "claim", "t_start", "t_end"]
    if row["access"] == "open":
        keys += ["lon", "lat", "sigma_m", "actor_claimed", "label", "text", "url"]
    shown = {k: row[k] for k in keys if row[k] is not None}
    return {k: iso(v) if k in ("t_start", "t_end") else v for k, v in shown.items()}


def explanation(told: Mapping[str, Any]) -> str:
    """The account in plain words."""
    f = told["finding"]
    expected, unseen = f["expected_violations"], f["unseen_upper95"]
    lines = [
        f"Finding {f['finding_id']}, as of {told['as_of']}",
        f"Term {f['term_id']} ({f['clause']}), agreement version {f['agreement_version']}",
        f"Party: {f['party']}. Period: {f['period']['from']} to {f['period']['to']}.",
        "",
        SAY[f["verdict"]],
        "",
        f"Chance of at least one violation: {percent(f['probability'])}. Expected among what was reported: "
        f"{expected['mean']:.2g} (95 % interval {expected['low']:g} to {expected['high']:g}).",
        f"Monitoring power: {percent(f['power'])}. Violations that could have gone unseen: "
        + ("no bound, for no watch could have proven one." if unseen is None else f"at most {unseen} (95 %)."),
        f"Standard of proof: {percent(f['proof']['probability'])}, {f['proof']['witnesses']} independent witnesses.",
        "",
        "Why:",
        *_tree(f["reasons"], 1),
        "",
        *(
            [f"What each source contributed and what could have gone unseen: {told['not_worked_out']}", ""]
            if "not_worked_out" in told
            else []
        ),
        *contribution_lines(told.get("contributed"), f),
        *copy_lines(told.get("copies")),
        *unseen_lines(told.get("unseen"), f),
        *sensitivity_lines(told.get("sensitivity"), f),
        *_observations(told["observations"]),
        "",
        *_history(told["history"], f["finding_id"]),
    ]
    return "\n".join(lines)


def _tree(reasons: list[dict[str, Any]], depth: int) -> list[str]:
    return [
        line for r in reasons for line in ("  " * depth + "- " + r["text"], *_tree(r.get("because", []), depth + 1))
    ]


def _observations(observations: list[dict[str, Any]]) -> list[str]:
    if not observations:
        return ["Observations behind it: none."]
    lines = ["Observations behind it:"]
    for o in observations:
        place = f" at {o['lat']:.4f} N {o['lon']:.4f} E" if "lon" in o else ""
        text = f": {o['text']}" if o.get("text") else ""
        lines.append(
            f"  {o['observation_id']} {o['source_id']}, {o['kind']} ({o['claim']}), {o['t_start']}{place}{text}"
        )
    return lines


def _history(history: list[dict[str, Any]], finding_id: str) -> list[str]:
    lines = ["What was said about this term, party and period:"]
    for h in history:
        mark = " <- this one" if h["finding_id"] == finding_id else ""
        lines.append(f"  as of {h['as_of']}: {h['verdict']} ({h['finding_id']}){mark}")
    return lines
