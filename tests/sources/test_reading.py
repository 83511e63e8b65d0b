"""Reading CSV: the quick way says exactly what the careful way says; what is broken is set aside or refused."""

import gzip
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sources.conftest import context, payload

from servanda.errors import SourceRefused
from servanda.sources import reading
from servanda.sources.content import digests
from servanda.sources.reading import ROW, Rows, read_csv
from servanda.sources.times import parse_times
from servanda.sources.viina import SOURCE

CTX = context(SOURCE)


def careful(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Rows | None:
    with monkeypatch.context() as patch:
        patch.setattr(reading, "_simple_csv", lambda *_: None)
        try:
            return read_csv(payload(data), CTX)
        except SourceRefused:
            return None


@settings(max_examples=400)
@given(st.lists(st.text(alphabet='a"\r\n,é ', max_size=8), min_size=1, max_size=6))
@example(['"x"', "", '""', '"a""b"'])
@example(['"a', '"b'])
def test_the_quick_way_agrees_with_the_careful_way(parts: list[str]) -> None:
    data = ("h,k\n" + ",".join(parts) + "\n").encode()
    quick = reading._simple_csv(data, "utf-8", ",")
    with pytest.MonkeyPatch.context() as patch:
        slow = careful(data, patch)
    if quick is not None:
        assert slow is not None, "the quick way took a file that must be refused"
        assert slow.bad.is_empty()
        assert quick.equals(slow.frame)


def test_the_quick_way_takes_clean_files() -> None:
    assert reading._simple_csv(b'a,b\n"x, ""y""",1\n"two\nlines",2\n', "utf-8", ",") is not None
    assert reading._simple_csv(b"\xef\xbb\xbfa,b\r\n1,2\r\n", "utf-8", ",") is not None


@pytest.mark.parametrize(
    ("content", "bad"),
    [
        (b"a,b\n1,2\n3\n4,5\n", [(2, "1 fields where the header has 2")]),
        (b"a,b\n1,2,3\n4,5\n", [(1, "3 fields where the header has 2")]),
        (b'a,b\n"1"x,2\n4,5\n', [(1, "cannot be read as CSV")]),
        (b"a,b\n1,2\n\n4\n", [(2, "1 fields")]),
    ],
)
def test_a_broken_record_is_set_aside_with_its_number(content: bytes, bad: list[tuple[int, str]]) -> None:
    got = read_csv(payload(content), CTX)
    assert got.bad["row"].to_list() == [row for row, _ in bad]
    for reason, (_, word) in zip(got.bad["reason"], bad, strict=True):
        assert word in reason
    assert got.frame.height >= 1, "the sound records stay"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'a,b\n1,"2\n', "ends inside a quoted field, after record 0"),
        (b'a,"b', "its header cannot be read as CSV"),
        (b"a,a\n1,2\n", "names a column twice: 'a'"),
        (b"a,b\n1,\xff\n", "line 2 is not utf-8: byte 6 is 0xff"),
        (gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:25], "gzip file is broken"),
        (b"\x1f\x8bnonsense", "gzip file is broken"),
    ],
)
def test_a_broken_file_is_refused_whole(content: bytes, why: str) -> None:
    with pytest.raises(SourceRefused, match=why):
        read_csv(payload(content), CTX)


def test_a_polygon_longer_than_the_csv_modules_limit_is_read() -> None:
    wkt = "POLYGON((" + "1 2," * 100_000 + "1 2))"
    got = read_csv(payload(f'a,b\n"{wkt}",\n'), CTX)
    assert got.frame["a"].to_list() == [wkt]


def test_empty_is_null_and_rows_count_from_one() -> None:
    got = read_csv(payload("a,b\n1,\n,2\n"), CTX)
    assert got.frame.rows() == [(1, "1", None), (2, None, "2")]
    assert got.frame.columns[0] == ROW


@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), min_size=2, max_size=6, unique=True))
def test_different_content_never_shares_an_id(rows: list[tuple[str, str]]) -> None:
    """Separators inside a text cannot make two rows look alike."""
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row")
    assert digests(frame, ["a", "b"]).n_unique() == len(rows)


def test_an_id_hangs_on_content_alone() -> None:
    frame = pl.DataFrame(
        {"a": ["x", "y"], "n": [0.0, 1.5], "f": [["q", "p"], []]}, schema_overrides={"f": pl.List(pl.String)}
    )
    ids = digests(frame, ["a", "n", "f"]).to_list()
    assert digests(frame[::-1], ["f", "n", "a"]).to_list() == ids[::-1], "order of rows and columns"
    wider = frame.with_columns(pl.lit(None, pl.String).alias("new"))
    assert digests(wider, ["a", "n", "f", "new"]).to_list() == ids, "an empty new column"
    assert digests(frame.with_columns(n=-pl.col("n") * -1), ["a", "n", "f"]).to_list() == ids, "minus zero"
    assert digests(frame.with_columns(pl.lit(["p", "q"]).alias("f"))[:1], ["a", "n", "f"]).to_list() == ids[:1], (
        "order of flags"
    )


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["Europe/Kyiv", "America/New_York", "Asia/Kathmandu", "UTC", "Australia/Lord_Howe"]),
)
def test_local_times_agree_with_the_standard_library(moment: datetime, zone: str) -> None:
    naive = moment.replace(microsecond=0)
    got = parse_times(pl.Series([naive.isoformat()]), zone).row(0, named=True)
    readings = [naive.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]
    exists = readings[0].astimezone(ZoneInfo(zone)).replace(tzinfo=None) == naive
    if not exists:
        assert got["t_start"] is None
    else:
        assert (got["t_start"], got["t_end"]) == (min(readings), max(readings))


@given(st.dates(datetime(1990, 1, 1).date(), datetime(2036, 1, 1).date()))  # noqa: DTZ001
def test_days_are_half_open_and_leave_no_gap(day: object) -> None:
    for zone in ("Europe/Kyiv", "America/Santiago", "Africa/Cairo"):
        days = [str(day), str(datetime.fromisoformat(str(day)).date() + timedelta(days=1))]
        got = parse_times(pl.Series(days), zone)
        assert got["t_end"][0] == got["t_start"][1]
        assert 23 <= (got["t_end"][0] - got["t_start"][0]).total_seconds() / 3600 <= 25
        assert got["is_day"].to_list() == [True, True]
