"""A form as a spreadsheet that a person can read: three sheets, the same bytes for the same form."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

import xlsxwriter

from servanda.mission.forms.build import Form, Row

MADE = datetime(2000, 1, 1)  # noqa: DTZ001 (written into the file as it is, so that no clock is in it)
WIDEST, NARROWEST = 48, 10


def workbook(form: Form) -> bytes:
    """The .xlsx file of a form."""
    stream = BytesIO()
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"created": MADE, "title": form.settings["form_title"]})
        head = book.add_format({"bold": True, "bg_color": "#E7ECF2", "text_wrap": True, "valign": "top"})
        body = book.add_format({"text_wrap": True, "valign": "top"})
        for name, rows in (("survey", form.survey), ("choices", form.choices), ("settings", (form.settings,))):
            _sheet(book.add_worksheet(name), rows, head, body)
    return stream.getvalue()


FIRST = ("type", "list_name", "name", "label", "hint", "required", "relevant")
"""Columns that a reader looks for first; the others follow as they come."""


def _place(column: str) -> int:
    name = column.split("::", maxsplit=1)[0]
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _sheet(
    sheet: xlsxwriter.worksheet.Worksheet,
    rows: Sequence[Row],
    head: xlsxwriter.format.Format,
    body: xlsxwriter.format.Format,
) -> None:
    columns = sorted(dict.fromkeys(c for row in rows for c in row), key=_place)
    sheet.freeze_panes(1, 2)
    for at, column in enumerate(columns):
        longest = max(len(row.get(column, "")) for row in rows)
        sheet.set_column(at, at, min(WIDEST, max(NARROWEST, longest + 2)))
        sheet.write_string(0, at, column, head)
        for line, row in enumerate(rows, 1):
            if column in row:
                sheet.write_string(line, at, row[column], body)
