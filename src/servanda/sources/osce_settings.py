"""Settings, flags and words of periodic counts."""

from collections.abc import Mapping

from servanda.sources.base import Context, Settings

UNINFORMATIVE = "uninformative"
TREND_ONLY = "trend_only"
RESTATED = "restated"
PERIOD_UNSTATED = "period_unstated"
PERIOD_INFERRED = "period_inferred"
RUNNING_TOTAL = "running_total"
REPEATS = "repeats"
PART_OF_PERIOD = "part_of_period"
CORRECTION = "correction"
SUPERSEDED = "superseded"
CONFLICT = "conflict"

PROVIDER_FLAGS = {
    "as_of_inferred": r"^as_of_inferred$",
    "number_inferred": r"^number_inferred$",
    "misprint": r"^(as_of|number)_printed_as_",
    "via_news_agency": r"^via_news_agency$",
    TREND_ONLY: r"^(\w+_)?trend_only$",
    "mostly_exercise": r"^most_assessed_as_exercise$",
}
"""Flag of an observation by what the compiler of the table writes."""

FLAGS = {
    "as_of_inferred": "The end of the period was inferred from the date of issue.",
    "number_inferred": "The number of the report was inferred from the sequence.",
    "misprint": "The report misprints its number or the end of its period; the table has it mended.",
    "via_news_agency": "The figure was quoted by a news agency; the report itself was not seen.",
    "mostly_exercise": "The report assesses most of the count as live-fire exercise, without a number.",
    TREND_ONLY: "The report says more, fewer or similar and gives no number: no count, and no watch.",
    RESTATED: "A later report's figure for the period before its own.",
    PERIOD_UNSTATED: "The later report does not say how long that period was.",
    PERIOD_INFERRED: "The later report does not say how long that period was: taken as the day before (setting daily).",
    RUNNING_TOTAL: "What a running total adds to the one before it, less the periods between that are known; it counts "
    "only where what is left is one stretch of time.",
    REPEATS: "It says the same as the report on that period: not counted again.",
    PART_OF_PERIOD: "It is part of a longer period's figure: not counted again.",
    CORRECTION: "It differs from the report on that period, and replaces it.",
    SUPERSEDED: "A later report or row gives another figure for that period. It is kept and not counted.",
    CONFLICT: "Two rows known since the same day differ: the lower figure is counted, as all agree on that many.",
    UNINFORMATIVE: "Left out of incidents and comparisons, for the reason that another flag gives.",
}

UNIT = "violations"
"""What all counts are of: an explosion or a shot fired for training is one of the violations."""

FIGURES = {
    "ceasefire_violations": "ceasefire_violation",
    "explosions": "explosion_undetermined",
    "assessed_exercise": "live_fire_exercise",
}
"""Kind of every figure of a period. The first is the whole, the others are part of it."""

AT_LEAST = ("ceasefire_violations", "explosions", "assessed_exercise", "previous", "cumulative")
TRENDS = {
    "more": "more, said without a number",
    "fewer": "fewer, said without a number",
    "similar": "similar, said without a number",
}
BASES = ("previous_period", "previous_24_hours")


class OsceSettings(Settings):
    """Settings of periodic counts. Every number here is an assumption until it is learned from data."""

    p_true: float | None = 0.98
    """Chance that a report's figure stands. Of the OSCE figures, all 118 that a later report gives again agree, so
    that fewer than 3 in 100 are taken back (95 %)."""
    p_detect: Mapping[str, float] = {"armed_activity": 0.3}
    """Chance, by kind, that one violation in the region is counted. Some 25 cameras watched a line of nearly 500 km
    and patrols went by day only (OSCE, Technical Monitoring on the Contact Line): well under one half."""
    p_false: float = 0.02
    """Share of counted violations that were none: 1 - p_true."""
    daily: tuple[int, ...] = (1, 2, 3, 4, 5)
    """Weekdays, 1 for Monday to 7, on which a period may begin whose 'previous period' was one of 24 hours. All 118
    OSCE reports on weekdays of which the report before is there say it of 24 hours; after longer ones they say 'the
    previous 24 hours'. After a Saturday or Sunday it is left open."""
    areas: Mapping[str, str] = {}
    """Name or code in the boundary file for a region that the reports call otherwise, such as {Donetsk: UA-14}."""


def settings_of(context: Context) -> OsceSettings:
    return OsceSettings.model_validate(context.settings.model_dump())
