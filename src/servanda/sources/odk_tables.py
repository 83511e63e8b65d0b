"""Reports in CSV tables: a zip of ODK Central, joined by KEY and PARENT_KEY; or a main table with one more file."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping

import polars as pl

from servanda.sources.base import Context, Payload
from servanda.sources.odk_reports import MEND, Answers, Report, Reports, leaf_of, not_read, persons
from servanda.sources.reading import ROW, Rows, decoded, quarantine_rows, read_csv, refuse, unpacked

PARENT, KEY = "PARENT_KEY", "KEY"
MOST_BYTES = 2**30
"""A zip whose tables unpack to more is refused."""
_Table = tuple[Payload, Rows]
_GEO = ("Latitude", "Longitude", "Altitude", "Accuracy")


def read_tables(payload: Payload, context: Context, repeat: str) -> Reports:
    """Read a main table, with the extra file ``seen`` of its entries if there is one.

    Raises SourceRefused for a table of entries alone.
    """
    main = _table(payload, context)
    if PARENT in main.columns:
        reason = "it holds the entries of a repeat group without the reports that they belong to."
        raise refuse(payload, context, reason, "Give the zip, or the main table with this one as 'with: {seen: FILE}'.")
    extra = context.aux.get("seen")
    repeats = {repeat: (extra, _table(extra, context))} if extra else {}
    return _joined(main, repeats, payload, context, repeat)


def _table(payload: Payload, context: Context) -> Rows:
    """A CSV table; KoboToolbox writes semicolons. Rows that do not fit are set aside without what they say."""
    head = unpacked(payload, context).split(b"\n", 1)[0]
    delimiter = ";" if head.count(b";") > head.count(b",") else ","
    rows = read_csv(payload, context, delimiter=delimiter)
    if not rows.bad.is_empty():
        mended = _filled_up(decoded(payload, context), delimiter)
        rows = read_csv(Payload(payload.name, mended.encode(), payload.sha256), context, delimiter=delimiter)
    # Which column names a person cannot be told in a row that does not fit.
    return Rows(rows.frame, rows.bad.with_columns(pl.lit(None, pl.String).alias("raw")))


def _filled_up(text: str, delimiter: str) -> str:
    """The table with the empty columns at the end of a row that ODK Central leaves off (seen in exports of 2019).

    Only where the key proves that nothing before it is missing: it stands in its column and is the instance's own id.
    """
    try:
        head, *records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return text
    names = [n.strip() for n in head]
    if KEY not in names:
        return text
    key = names.index(KEY)
    own = next((i for i, n in enumerate(names) if leaf_of(n) == "instanceID"), key)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(head)
    for record in filter(None, records):
        proven = key < len(record) < len(names) and record[key].startswith("uuid:") and record[key] == record[own]
        writer.writerow(record + [""] * (len(names) - len(record)) if proven else record)
    return out.getvalue()


def read_zip(data: bytes, payload: Payload, context: Context, repeat: str) -> Reports:
    tables: dict[str, _Table] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [m for m in archive.infolist() if m.filename.lower().endswith(".csv")]
            if sum(m.file_size for m in members) > MOST_BYTES:
                raise refuse(payload, context, "its tables unpack to more than 1 GiB.", "Export fewer reports at once.")
            if not members:
                reason = "no CSV table is in it" + (
                    "; it is a spreadsheet." if "xl/workbook.xml" in archive.namelist() else "."
                )
                raise refuse(payload, context, reason, MEND)
            for member in members:
                inner = Payload(f"{payload.name}/{member.filename}", archive.read(member), payload.sha256)
                tables[member.filename] = (inner, _table(inner, context))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError) as error:
        raise refuse(payload, context, f"the zip file cannot be read ({error}).", MEND) from error
    main = [name for name, (_, rows) in tables.items() if PARENT not in rows.columns]
    if len(main) != 1:
        what = f"{len(main)} of its tables are main tables ({', '.join(main) or 'none'})"
        raise refuse(payload, context, what + "; one must be.", "Give the zip of one form as the server made it.")
    stem = main[0].removesuffix(".csv")
    repeats = {n.removesuffix(".csv").removeprefix(stem + "-"): table for n, table in tables.items() if n != main[0]}
    return _joined(tables[main[0]][1], repeats, payload, context, repeat)


def _joined(main: Rows, repeats: Mapping[str, _Table], payload: Payload, context: Context, repeat: str) -> Reports:
    """Main rows with the entries that name them as their parent; an entry whose report is not there is set aside."""
    if repeats and KEY not in main.columns:
        raise refuse(payload, context, "its main table has no column KEY to join the repeat groups by.", MEND)
    bad = [main.bad, *(rows.bad for _, rows in repeats.values())]
    keys = main.frame[KEY].drop_nulls().to_list() if KEY in main.columns else []
    found: dict[str, dict[str, list[Answers]]] = {key: {} for key in keys}
    for name, (file, rows) in repeats.items():
        lost = []
        # An entry's place in its report is in its key, not in the order of rows.
        for row, answers in sorted(_answers(rows), key=lambda row: (_place(row[1].get(KEY, "")), row[0])):
            report = found.get(answers.get(PARENT, ""))
            if report is None:
                lost.append((row, f"The report that this entry of {name!r} belongs to is not in the file.", ""))
            elif answers not in report.setdefault(name, []):
                report[name].append(answers)
        bad.append(quarantine_rows(sorted(lost), file, context))
    reports = [Report(row, a, found.get(a.get(KEY, ""), {})) for row, a in _answers(main)]
    read = [main, *(rows for name, (_, rows) in repeats.items() if name == repeat)]
    named = dict.fromkeys(_merged_name(c) for rows in read for c in rows.columns)
    unread = tuple(not_read(payload, name) for name in repeats if name != repeat)
    return Reports(tuple(reports), pl.concat(bad).sort("file", "row"), unread, tuple(named), repeat in repeats)


def _place(key: str) -> tuple[int, ...]:
    """The numbers in 'uuid:…/seen[2]'."""
    return tuple(map(int, re.findall(r"\[(\d{1,9})\]", key)))


def _merged_name(column: str) -> str:
    base, _, last = column.rpartition("-")
    return base if base and last in _GEO else column


def _answers(rows: Rows) -> Iterator[tuple[int, Answers]]:
    """Each row's number and what is filled in; the four columns of a geopoint become one answer."""
    columns = [c for c in rows.columns if leaf_of(c) not in persons()]
    points = [c.removesuffix("-Latitude") for c in columns if c.endswith("-Latitude")]
    for row in rows.frame.iter_rows(named=True):
        said = {c: row[c] for c in columns if row[c] is not None and _merged_name(c) == c}
        for point in points:
            parts = [row.get(f"{point}-{part}") for part in _GEO]
            if parts[0] or parts[1]:
                said[point] = " ".join(p or "nan" for p in parts)
        yield row[ROW], said
