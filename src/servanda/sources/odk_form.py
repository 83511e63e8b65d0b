"""The patrol form as data: the names of its questions and answers, shared by who writes it and who reads it back.

Names are unique in the whole form, so that groups, and how a server joins their names, do not matter. What a
form asks differs between versions; two hidden answers carry it back with every report, so that an old report
is read as the form that it was filled in with: ``asked`` (kinds that could be reported) and ``checks``.
"""

from dataclasses import dataclass
from urllib.parse import quote, unquote

REPEAT = "seen"
"""Name of the repeat group: one entry for each thing seen or heard."""

WATCH = {
    "watch_start": "start of the watch, with offset",
    "watch_end": "end of the watch, with offset",
    "zone": "zone of the agreement",
    "place": "named place of the agreement",
    "post": "where the observer stood: latitude, longitude, altitude, accuracy",
    "mode": "post or patrol",
    "status": "watching, or why not",
    "reason": "why not, in words",
    "anything": "was anything seen or heard",
    "seen_count": "how many things the phone held, to tell when an export lacks them",
    "asked": "kinds that this version of the form offers",
    "checks": "what each yes-or-no question of this version means",
    "end": "when the form was closed, by the clock of the phone",
}
SEEN = {
    "kind": "what it was, from the tree of kinds",
    "claim": "seen, told or denied",
    "t_from": "when it was, or the earliest it can have been",
    "t_to": "the latest it can have been",
    "placed": "point, bearing, here or zone",
    "at": "where it was: latitude, longitude, altitude, accuracy",
    "bearing": "degrees from north, as seen from the post",
    "range_low": "metres from the post, at least",
    "range_high": "metres from the post, at most",
    "count_says": "exactly, about, at_least, between or not",
    "count_low": "how many, or the least",
    "count_high": "the most",
    "count_unit": "of what",
    "actor": "who is said to have done it: id of a party",
    "photo": "name of the picture's file; the picture itself is not read",
    "notes": "in words",
}
SERVER = {
    "key": "id of the report on the server",
    "submitted": "when the server received it (UTC): when it was first known",
    "state": "what the server says of it: encrypted, rejected, deleted",
}
"""What the server adds, under our names."""

MODES = ("post", "patrol")
CLAIMS = ("sighting", "claim", "denial", "admission")
PLACED = ("point", "bearing", "here", "zone")
COUNTS = ("not", "exactly", "about", "at_least", "between")
UNITS = ("explosions", "shots", "projectiles", "vehicles", "weapons", "aircraft", "drones", "people")
ANSWERS = ("yes", "no", "not_checked")
UNKNOWN_ACTOR = "unknown"
LOST_BY = {"denied": "patrol_denied", "jammed": "jamming"}
"""Kind of the act that a lost watch is itself."""


@dataclass(frozen=True)
class Check:
    """One yes-or-no question. ``name``: its answer is in ``check_<name>``, a count in ``count_<name>``.

    ``promise`` is require or limit; ``zone`` is empty for anywhere; ``most`` and ``unit`` are a limit's own.
    """

    name: str
    promise: str
    kind: str
    zone: str = ""
    most: float | None = None
    unit: str = ""

    @property
    def answer(self) -> str:
        return f"check_{self.name}"

    @property
    def count(self) -> str:
        return f"count_{self.name}"


def written(checks: tuple[Check, ...]) -> str:
    """Checks as one line of text that a form can carry: fields between colons, checks between spaces."""
    return " ".join(
        ":".join(
            quote(part, safe="")
            for part in (c.name, c.promise, c.kind, c.zone, "" if c.most is None else f"{c.most:g}", c.unit)
        )
        for c in checks
    )


def understood(text: str) -> tuple[Check, ...]:
    """The inverse of ``written``. What cannot be read (a report of another form) is left out."""
    out = []
    for token in text.split():
        parts = [unquote(p) for p in token.split(":")]
        if len(parts) != 6 or parts[1] not in ("require", "limit"):
            continue
        name, promise, kind, zone, most, unit = parts
        number = most.replace(".", "", 1)
        out.append(
            Check(name, promise, kind, zone, float(most) if number.isascii() and number.isdigit() else None, unit)
        )
    return tuple(out)
