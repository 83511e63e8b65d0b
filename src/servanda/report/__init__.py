"""The daily report: one page that a head of mission reads in a minute, and every number in it linked to evidence."""

from servanda.report.data import KindGroup, MapZone, ReportData, ReportSettings, Scoreboard, ScoreRow
from servanda.report.writer import write

__all__ = ["KindGroup", "MapZone", "ReportData", "ReportSettings", "ScoreRow", "Scoreboard", "write"]
