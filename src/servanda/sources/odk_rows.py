"""Reports to rows: answers under the names of our questions, times read, what cannot be used set aside."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import polars as pl

from servanda.sources.base import Context, Payload
from servanda.sources.odk_form import SEEN, SERVER, WATCH
from servanda.sources.odk_places import with_point
from servanda.sources.odk_reports import Answers, Report, Reports, ignored, leaf_of, path_of
from servanda.sources.odk_settings import OURS, OdkSettings
from servanda.sources.reading import ROW, Check, refuse, set_aside
from servanda.sources.times import UNREADABLE, parse_times
from servanda.tables import WATCH_STATUS

SYSTEM = {
    "SubmissionDate": "submitted",
    "__system/submissionDate": "submitted",
    "_submission_time": "submitted",
    "KEY": "key",
    "__id": "key",
    "_uuid": "key",
    "meta/rootUuid": "root",
    "meta/instanceID": "instance",
    "Status": "state",
    "__system/status": "state",
    "ReviewState": "review",
    "__system/reviewState": "review",
    "_validation_status/uid": "review",
    "DeletedAt": "deleted",
    "__system/deletedAt": "deleted",
}
"""What the servers add, by what we take it for."""
NOT_READABLE = ("not decrypted", "missing encrypted form data", "notDecrypted", "missingEncryptedFormData")
REJECTED = ("rejected", "validation_status_not_approved")
_INSIDE = ("__system/", "meta/", "_validation_status/", "formhub/")
_KEYS = ("root", "key", "instance")


def named(answers: Answers, settings: OdkSettings) -> Answers:
    """Answers under the names of our questions; what a mission maps comes first, then what the servers add."""
    mapping = {path_of(theirs): ours for theirs, ours in settings.columns.items()}
    out: Answers = {}
    for path, value in answers.items():
        mine = mapping.get(path_of(path)) or mapping.get(leaf_of(path))
        if mine:
            out.setdefault(mine, value)
    for path, value in answers.items():
        if path in SYSTEM:
            out.setdefault(SYSTEM[path], value)
        elif not path.startswith(_INSIDE) and _is_ours(leaf_of(path)):
            out.setdefault(leaf_of(path), value)
    return settings.constants | out


def _is_ours(leaf: str) -> bool:
    return leaf in WATCH or leaf in SEEN or leaf.startswith(("check_", "count_"))


def unread(fields: Iterable[str], settings: OdkSettings) -> list[str]:
    """Questions of the file that are neither ours, nor mapped, nor ignored for a reason."""
    mapping = {path_of(theirs) for theirs in settings.columns}
    return [
        f
        for f in fields
        if not _is_ours(leaf_of(f))
        and f not in SYSTEM
        and leaf_of(f) not in ignored()
        and path_of(f) not in mapping
        and leaf_of(f) not in mapping
    ]


def watch_rows(
    found: Reports, settings: OdkSettings, zone: str, payload: Payload, context: Context
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row for each report that can be used, and the quarantine of the others.

    Text columns of ``WATCH`` and of checks; ``ROW``, ``key``; ``t_start``, ``t_end``, ``recorded_at`` (UTC, the
    last null where the server did not say), ``closed`` (phone clock), ``post_lon``, ``post_lat``, ``post_sigma_m``,
    ``listed`` (entries that came), ``whole`` (would they have come). Raises SourceRefused for a form that does not say
    when anybody looked.
    """
    rows = [named(report.answers, settings) for report in found.reports]
    _need(found, rows, settings, payload, context)
    names = dict.fromkeys(
        (*WATCH, *SERVER, "root", "instance", "review", "deleted", *(n for r in rows for n in sorted(r)))
    )
    frame = pl.DataFrame(
        {name: pl.Series(name, [r.get(name) for r in rows], pl.String) for name in names}
        | {ROW: pl.Series(ROW, [r.row for r in found.reports], pl.Int64)}
    ).with_columns(
        pl.Series("listed", [len(r.entries.get(settings.repeat, [])) for r in found.reports], pl.Int64),
        pl.coalesce(pl.col(k).str.strip_prefix("uuid:") for k in _KEYS).alias("key"),
        pl.lit(found.whole).alias("whole"),
    )
    # A report without a key is known by when and where it was.
    own = pl.concat_str("watch_start", "watch_end", "post", separator=" ", ignore_nulls=True)
    frame = _timed(frame.with_columns(pl.coalesce("key", own)), zone)
    frame, checks = with_point(frame, "post", settings.point_sigma_m, settings)
    return set_aside(frame, [*_checks(settings), *checks], list(WATCH), payload, context)


def _need(found: Reports, rows: Sequence[Answers], settings: OdkSettings, payload: Payload, context: Context) -> None:
    has = set(named(dict.fromkeys(found.fields, ""), settings)).union(*rows)
    missing = [q for q in ("watch_start", "watch_end", "status") if q not in has]
    if missing and found.reports:
        reason = f"no question of it is {', '.join(missing)}; it asks {', '.join(found.fields)}."
        mend = (
            "Export it with the names of questions, not their labels. For a form that is not ours map its questions, "
            "e.g. 'columns: {begin: watch_start}', and set 'constants: {status: watching}'."
        )
        raise refuse(payload, context, reason, mend)


def _timed(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    start, end = parse_times(frame["watch_start"], zone), parse_times(frame["watch_end"], zone)
    # KoboToolbox writes the time of receipt in UTC without saying so.
    submitted = parse_times(frame["submitted"], "UTC")["t_end"]
    return frame.with_columns(
        start["t_start"],
        end["t_end"],
        submitted.alias("recorded_at"),
        parse_times(frame["end"], zone)["t_end"].alias("closed"),
    )


def _checks(settings: OdkSettings) -> list[Check]:
    longest = timedelta(hours=settings.longest_watch_h)
    state = pl.col("status").fill_null("")
    return [
        (
            pl.col("state").is_in(NOT_READABLE).fill_null(False),
            "It is encrypted: export it with the passphrase, or from a server that holds the key.",
        ),
        (pl.col("review").is_in(REJECTED).fill_null(False), "It was rejected in review on the server."),
        (pl.col("deleted").is_not_null(), "It was deleted on the server."),
        (pl.col("t_start").is_null() | pl.col("t_end").is_null(), "Start or end of the watch: " + UNREADABLE),
        (pl.col("submitted").is_not_null() & pl.col("recorded_at").is_null(), "Time of receipt: " + UNREADABLE),
        (pl.col("t_end") <= pl.col("t_start"), "The watch ends before it starts."),
        (
            pl.col("t_end") - pl.col("t_start") > longest,
            f"The watch is longer than longest_watch_h, {settings.longest_watch_h:g} hours: a slip in a date?",
        ),
        (
            ~state.is_in(list(WATCH_STATUS)),
            pl.format("The status of the watch, {}, is none of {}.", state, pl.lit(", ".join(WATCH_STATUS))),
        ),
    ]


def entry_rows(reports: Mapping[int, Report], watches: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    """Text columns of ``SEEN``, ``ROW`` and ``entry`` (from 1), with the columns of the report that each belongs to."""
    found = [
        (row, n, named(answers, settings))
        for row in watches[ROW].to_list()
        for n, answers in enumerate(reports[row].entries.get(settings.repeat, []), 1)
    ]
    frame = pl.DataFrame(
        {name: pl.Series(name, [a.get(name) for _, _, a in found], pl.String) for name in SEEN}
        | {ROW: pl.Series(ROW, [row for row, _, _ in found], pl.Int64)}
        | {"entry": pl.Series("entry", [n for _, n, _ in found], pl.Int64)}
    )
    shared = [
        c for c in watches.columns if (c not in (*SEEN, "entry") and c not in OURS) or c in ("key", "zone", "place")
    ]
    return frame.join(watches.select(shared), on=ROW, how="left", maintain_order="left")
