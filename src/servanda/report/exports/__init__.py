"""The evidence for other programs: one selection of tables, many formats, the same bytes for the same evidence."""

from servanda.report.exports.evidence import Evidence, select
from servanda.report.exports.tables import ZONES
from servanda.report.exports.writer import FORMATS, write

__all__ = ["FORMATS", "ZONES", "Evidence", "select", "write"]
