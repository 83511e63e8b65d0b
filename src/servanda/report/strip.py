"""Verdicts by day: one row per term, one mark per reporting day."""

from dataclasses import dataclass
from datetime import datetime

from servanda.findings import ANY_PARTY, VERDICTS, Finding
from servanda.report.data import ReportData
from servanda.report.verdicts import IN_FORCE, TermRow


@dataclass(frozen=True)
class Strip:
    """``days``: ends of the reporting days; ``rows``: per term the finding of each day, None where there is none."""

    days: tuple[tuple[datetime, datetime], ...]
    rows: tuple[tuple[TermRow, tuple[Finding | None, ...]], ...]
    left_out: int


def day_strip(data: ReportData, rows: list[TermRow]) -> Strip:
    """The last days for which anything was found; of several parties the finding of highest precedence."""
    daily = [f for f in data.findings if f.period.name != IN_FORCE]
    all_days = sorted({(f.period.t_from, f.period.t_to) for f in daily})
    days = all_days[-data.settings.strip_days :]
    best: dict[tuple[str, datetime], Finding] = {}
    for f in sorted(daily, key=lambda f: (f.party != ANY_PARTY, VERDICTS.index(f.verdict), f.party)):
        best.setdefault((f.term_id, f.period.t_from), f)
    table = tuple((row, tuple(best.get((row.term_id, t_from)) for t_from, _ in days)) for row in rows)
    return Strip(tuple(days), table, len(all_days) - len(days))
