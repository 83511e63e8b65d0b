"""The layouts in which servers hand reports out, told apart by their first bytes."""

from servanda.sources.base import Context, Payload
from servanda.sources.odk_json import read_json
from servanda.sources.odk_reports import Reports
from servanda.sources.odk_tables import read_tables, read_zip
from servanda.sources.reading import unpacked


def read_reports(payload: Payload, context: Context, repeat: str) -> Reports:
    """Read a zip of tables, a table or JSON. ``repeat``: the group that holds what was seen.

    Raises SourceRefused where it is none of these, and for a table of entries without their reports.
    """
    data = unpacked(payload, context)
    if data[:2] == b"PK":
        return read_zip(data, payload, context, repeat)
    if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        return read_json(payload, context, repeat)
    return read_tables(payload, context, repeat)
