"""Periodic counts: every trap of the layout, corrections, and the real table."""

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl
import pytest
from tests.sources.conftest import (
    assert_fields_accounted,
    assert_rows_decide_alone,
    context,
    csv_text,
    data,
    file_payload,
    flags,
    payload,
    real_data,
    squares,
)

from servanda.errors import SourceRefused
from servanda.sources.base import Context, Reading
from servanda.sources.osce import SOURCE

HEADER = (
    "report_number,issued_on,as_of,region,ceasefire_violations,explosions,previous_period_violations,"
    "cumulative_since_27_july_2020,source_url_title,period_from,period_hours,at_least,trend,previous_basis,"
    "assessed_exercise,flags"
)
AREAS = {"East": "XX-1", "West": "XX-2"}


def row(**given: object) -> str:
    """A line of the layout: a day of East in August 2020, unless said otherwise."""
    usual = {
        "report_number": "10/2020",
        "issued_on": "2020-08-12",
        "period_from": "2020-08-10T19:30+03:00",
        "as_of": "2020-08-11T19:30+03:00",
        "region": "East",
        "ceasefire_violations": "7",
        "source_url_title": "Daily report 10/2020",
    }
    values = {**usual, **{k: "" if v is None else str(v) for k, v in given.items()}}
    assert set(values) <= set(HEADER.split(","))
    return ",".join(values.get(c, "") for c in HEADER.split(","))


def place() -> Context:
    return context(SOURCE, {"regions": squares(XX_1=(37, 48), XX_2=(38, 48))}, areas=AREAS)


def read(*rows: str) -> Reading:
    return SOURCE.read(payload(csv_text(HEADER, rows)), place())


def derived(*rows: str) -> pl.DataFrame:
    assert SOURCE.derive is not None
    return SOURCE.derive(read(*rows).observations, place())


def counted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(~pl.col("flags").list.contains("uninformative") & pl.col("count_low").is_not_null())


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2020, month, day, hour, minute, tzinfo=UTC)


def test_one_observation_for_every_figure_of_one_record() -> None:
    got = read(row(ceasefire_violations=111, explosions=21, assessed_exercise=30)).observations
    stated = {k: (a, b, u) for k, a, b, u in got.select("kind", "count_low", "count_high", "count_unit").iter_rows()}
    assert stated == {
        "ceasefire_violation": (111, 111, "violations"),
        "explosion_undetermined": (21, 21, "violations"),
        "live_fire_exercise": (30, 30, "violations"),
    }
    assert got["record_id"].n_unique() == 1, "parts of one figure must not become incidents of their own"
    assert got["t_start"].unique().to_list() == [utc(8, 10, 16, 30)]
    assert got["t_end"].unique().to_list() == [utc(8, 11, 16, 30)]
    assert got["recorded_at"].unique().to_list() == [utc(8, 12, 21)], "known by the end of the day of issue"
    assert got["claim"].unique().to_list() == ["sighting"]


def test_empty_is_not_stated_and_zero_is_zero() -> None:
    got = read(row(ceasefire_violations=0, explosions=None)).observations
    assert got.select("kind", "count_low", "count_high").rows() == [("ceasefire_violation", 0, 0)]
    assert read(row(explosions=0)).observations.height == 2


def test_at_least_leaves_the_upper_end_open() -> None:
    got = read(row(ceasefire_violations=98, explosions=4, at_least="ceasefire_violations")).observations
    by_kind = {k: (a, b) for k, a, b in got.select("kind", "count_low", "count_high").iter_rows()}
    assert by_kind == {"ceasefire_violation": (98, None), "explosion_undetermined": (4, 4)}
    again = read(row(previous_period_violations=91, at_least="previous; cumulative")).observations
    told = again.filter(pl.col("label") == "previous_period_violations")
    assert told.select("count_low", "count_high").row(0) == (91, None)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2020-10-23T19:30+03:00", "2020-10-25T19:30+02:00", 49),
        ("2020-10-24T19:30+03:00", "2020-10-25T19:30+02:00", 25),
        ("2020-12-31T19:30+02:00", "2021-01-04T19:30+02:00", 96),
        ("2020-08-07T19:30+03:00", "2020-08-09T19:30+03:00", 48),
    ],
)
def test_a_period_is_as_long_as_its_clocks_say(start: str, end: str, hours: int) -> None:
    issued = end[:10].replace("25", "26")
    got = read(row(period_from=start, as_of=end, period_hours=hours, issued_on=issued))
    assert got.quarantine.is_empty()
    length = got.observations.select((pl.col("t_end") - pl.col("t_start")).dt.total_hours()).item()
    assert length == hours == got.watches.select((pl.col("t_end") - pl.col("t_start")).dt.total_hours()).item()
    wrong = read(row(period_from=start, as_of=end, period_hours=hours - 1, issued_on=issued))
    assert "from start to end it is" in wrong.quarantine["reason"][0]


def test_local_times_without_offset_span_the_25_hour_day() -> None:
    got = read(row(period_from="2020-10-24T19:30", as_of="2020-10-25T19:30", issued_on="2020-10-26"))
    length = got.observations.select((pl.col("t_end") - pl.col("t_start")).dt.total_hours()).item()
    assert length == 25


def test_a_trend_without_number_is_no_count_and_no_watch() -> None:
    for trend, informative in (("more", True), ("fewer", False), ("similar", False)):
        line = row(ceasefire_violations=None, trend=trend, flags="trend_only")
        got = read(line)
        assert got.observations["count_low"].to_list() == [None], trend
        assert got.observations["label"][0].startswith(trend)
        assert ("uninformative" not in flags(derived(line))[0]) == informative
        assert got.watches.is_empty(), "nobody can say what was seen in that period"


def test_a_stated_count_is_a_watch_of_its_region_and_period() -> None:
    got = read(row(), row(region="West", ceasefire_violations=0), row(period_from=None)).watches
    assert got["kind"].to_list() == ["armed_activity"] * 2
    assert got["p_detect"].unique().to_list() == [0.3]
    assert got["footprint"].n_unique() == 2
    assert got["t_start"].unique().to_list() == [utc(8, 10, 16, 30)]


def next_day(**given: object) -> str:
    later = {"period_from": "2020-08-11T19:30+03:00", "as_of": "2020-08-12T19:30+03:00", "issued_on": "2020-08-13"}
    return row(**{"report_number": "11/2020", "ceasefire_violations": 2, **later, **given})


def test_a_repeated_figure_is_not_counted_twice() -> None:
    got = derived(row(), next_day(previous_period_violations=7))
    assert counted(got)["count_low"].to_list() == [7, 2]
    assert [f for f in flags(got) if "repeats" in f]


def test_a_later_figure_that_differs_corrects_and_nothing_is_lost() -> None:
    got = derived(row(explosions=3), next_day(previous_period_violations=9))
    stands = counted(got).sort("t_start")
    assert stands["count_low"].to_list() == [9, 2]
    assert stands["t_start"][0] == utc(8, 10, 16, 30), "it takes the period of the report that it corrects"
    assert got.filter(pl.col("flags").list.contains("superseded"))["count_low"].sort().to_list() == [3, 7]
    assert got.height == 4


def test_the_previous_24_hours_are_only_the_second_half_of_two_days() -> None:
    weekend = row(period_from="2020-08-09T19:30+03:00", ceasefire_violations=7)
    got = derived(weekend, next_day(previous_period_violations=4, previous_basis="previous_24_hours"))
    assert counted(got)["count_low"].to_list() == [7, 2]
    assert any("part_of_period" in f for f in flags(got))
    assert not any("correction" in f for f in flags(got))


def test_a_figure_for_a_missing_report_counts_only_where_its_period_is_stated() -> None:
    day = derived(next_day(previous_period_violations=4, previous_basis="previous_24_hours"))
    assert counted(day)["count_low"].to_list() == [4, 2]
    weekday = derived(next_day(previous_period_violations=4, previous_basis="previous_period"))
    assert counted(weekday)["count_low"].to_list() == [4, 2]
    assert counted(weekday)["t_start"].to_list() == [utc(8, 10, 16, 30), utc(8, 11, 16, 30)]
    assert any("period_inferred" in f for f in flags(weekday))
    monday = {"period_from": "2020-08-09T19:30+03:00", "as_of": "2020-08-10T19:30+03:00", "issued_on": "2020-08-11"}
    vague = derived(next_day(previous_period_violations=4, previous_basis="previous_period", **monday))
    assert counted(vague)["count_low"].to_list() == [2]
    assert vague.height == 2
    assert read(next_day(previous_period_violations=4, previous_basis="previous_24_hours")).watches.height == 1


def test_an_inferred_day_gives_way_to_the_report_on_it_whatever_its_length() -> None:
    two_days = row(period_from="2020-08-09T19:30+03:00")
    got = derived(two_days, next_day(previous_period_violations=7, previous_basis="previous_period"))
    assert counted(got)["count_low"].to_list() == [7, 2]
    longer = row(as_of="2020-08-11T21:30+03:00", issued_on="2020-08-12")
    got = derived(longer, next_day(previous_period_violations=4, previous_basis="previous_period"))
    assert counted(got)["count_low"].to_list() == [7, 2], "part of a period that is counted"


def total(day: int, n: object, region: str = "East", **given: object) -> str:
    """A day of August 2020 that ends at the cut-off of ``day``, with the running total ``n``."""
    ends = {"as_of": f"2020-08-{day:02}T19:30+03:00", "issued_on": f"2020-08-{day + 1:02}"}
    when = {"report_number": f"{day}/2020", "period_from": f"2020-08-{day - 1:02}T19:30+03:00", **ends}
    usual = {"ceasefire_violations": 0, "source_url_title": f"Daily report {day}/2020", "region": region}
    return row(**{**usual, **when, "cumulative_since_27_july_2020": n, **given})


def both(day: int, n: object, east: int, west: int | None) -> list[str]:
    known = {} if west is not None else {"trend": "fewer"}
    return [total(day, n, ceasefire_violations=east), total(day, n, "West", ceasefire_violations=west, **known)]


def test_a_running_total_counts_what_the_periods_leave_open() -> None:
    got = counted(derived(*both(4, 100, 5, 1), *both(7, 130, 2, 3)))
    (gap,) = got.filter(pl.col("flags").list.contains("running_total")).to_dicts()
    assert (gap["count_low"], gap["count_high"]) == (25, 25)
    assert (gap["t_start"], gap["t_end"]) == (utc(8, 4, 16, 30), utc(8, 6, 16, 30))
    assert gap["geometry"] not in got.filter(pl.col("observation_id") != gap["observation_id"])["geometry"].to_list()
    assert got["count_low"].sum() == 130 - 100 + 6


def test_a_running_total_gives_the_region_that_states_no_number() -> None:
    got = counted(derived(*both(4, 100, 5, 1), *both(5, 110, 2, None)))
    (gap,) = got.filter(pl.col("flags").list.contains("running_total")).to_dicts()
    west = got.filter(pl.col("count_low") == 1)["geometry"].item()
    assert (gap["count_low"], gap["geometry"]) == (8, west)


@pytest.mark.parametrize(
    "rows",
    [
        (*both(4, 100, 5, 1), *both(5, 103, 2, 1)),
        (*both(4, 100, 5, 1), *both(6, 120, 2, 1), *both(8, None, 0, 0), *both(10, 140, 2, 1)),
        (*both(4, 100, 5, 1), *both(7, 102, 2, 3)),
        (*both(4, 100, 5, 1), total(7, 130, at_least="cumulative"), total(7, 130, "West", at_least="cumulative")),
        (*both(4, 100, 5, 1), total(7, 130), total(7, 131, "West")),
    ],
    ids=["nothing open", "the last has two stretches open", "less than is known", "at least", "two totals differ"],
)
def test_a_running_total_counts_nowhere_else(rows: tuple[str, ...]) -> None:
    got = counted(derived(*rows)).filter(pl.col("flags").list.contains("running_total"))
    assert got["t_end"].to_list() in ([], [utc(8, 5, 16, 30)])


def test_a_corrected_row_of_the_same_report_replaces_the_first() -> None:
    old, new = row(explosions=3), row(ceasefire_violations=8, issued_on="2020-08-14")
    for rows in ((old, new), (new, old)):
        got = derived(*rows)
        assert counted(got)["count_low"].to_list() == [8]
        assert got.height == 3


def test_a_corrected_end_of_the_period_replaces_the_first() -> None:
    got = derived(row(as_of="2020-08-10T23:30+03:00"), row(issued_on="2020-08-14"))
    assert counted(got).height == 1


def test_two_rows_of_one_day_that_differ_are_a_conflict_and_the_lower_counts() -> None:
    got = derived(row(ceasefire_violations=8), row(ceasefire_violations=6))
    assert counted(got)["count_low"].to_list() == [6]
    assert all("conflict" in f for f in flags(got))


def test_regions_do_not_correct_each_other() -> None:
    got = derived(row(), next_day(region="West", previous_period_violations=9, previous_basis="previous_24_hours"))
    assert sorted(counted(got)["count_low"].to_list()) == [2, 7, 9]


@pytest.mark.parametrize(
    ("written", "flag"),
    [
        ("number_printed_as_54/2021", "misprint"),
        ("as_of_printed_as_2021-10-18T00:26", "misprint"),
        ("as_of_inferred", "as_of_inferred"),
        ("number_inferred;via_news_agency", "via_news_agency"),
        ("most_assessed_as_exercise", "mostly_exercise"),
    ],
)
def test_remarks_of_the_compiler_are_flags(written: str, flag: str) -> None:
    got = read(row(flags=written))
    assert flag in flags(got.observations)[0]
    assert flag in SOURCE.flags
    assert not got.notices


def test_the_other_regions_trend_flag_does_not_flag_this_count() -> None:
    assert flags(read(row(flags="west_trend_only")).observations) == [[]]


def test_a_new_remark_is_a_notice() -> None:
    assert any("'brand_new' is new" in n for n in read(row(flags="brand_new")).notices)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"as_of": "2020-08-10T19:30+03:00"}, "It ends before it starts."),
        ({"as_of": "2020-08-11"}, "without a time of day"),
        ({"as_of": "noon"}, "cannot be read as a time"),
        ({"issued_on": "2020-08-10"}, "It was issued before its period ended."),
        ({"region": "North"}, "The boundary file has no area named North"),
        ({"region": None}, "It names no region."),
        ({"report_number": None}, "It has no report number."),
        ({"ceasefire_violations": "-3"}, "ceasefire_violations '-3' is no count."),
        ({"ceasefire_violations": "2.5"}, "is no count."),
        ({"explosions": "some"}, "explosions 'some' is no count."),
        ({"explosions": 9}, "explosions are part of ceasefire_violations, and there are more of them."),
        ({"trend": "calmer"}, "trend 'calmer' is none of: more, fewer, similar."),
        ({"previous_basis": "last_week"}, "previous_basis 'last_week' is none of"),
        ({"at_least": "bursts"}, "'bursts' in at_least is none of"),
        ({"ceasefire_violations": None}, "It states no figure and no trend."),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(given: dict[str, object], reason: str) -> None:
    got = read(row(**given), row(report_number="12/2020"))
    assert reason in got.quarantine["reason"][0]
    assert got.quarantine["row"].to_list() == [1]
    assert got.observations.height == 1


def test_more_parts_than_an_at_least_whole_are_no_contradiction() -> None:
    assert read(row(explosions=9, at_least="ceasefire_violations")).quarantine.is_empty()


def test_running_totals_are_refused() -> None:
    header = (
        "from,until,ceasefire_violations_at_least,explosions,bursts_and_shots_at_least,previous_period_total,source"
    )
    text = csv_text(header, ["2020-07-27T00:01+03:00,2020-11-30,2492,988,1369,,news"])
    with pytest.raises(SourceRefused, match="running totals"):
        SOURCE.read(payload(text), place())


def test_a_count_without_boundaries_is_refused() -> None:
    with pytest.raises(SourceRefused, match="no boundary file was given"):
        SOURCE.read(payload(csv_text(HEADER, [row()])), context(SOURCE))


ROWS: Sequence[str] = [
    row(explosions=2, previous_period_violations=3),
    row(region="West", ceasefire_violations=0, flags="as_of_inferred"),
    next_day(previous_period_violations=7, at_least="previous"),
    next_day(region="West", ceasefire_violations=None, trend="fewer", flags="trend_only"),
]


def test_a_row_decides_alone() -> None:
    assert_rows_decide_alone(SOURCE, place(), HEADER, ROWS)


def test_every_field_is_accounted_for() -> None:
    assert_fields_accounted(SOURCE, place(), HEADER, row(), "ceasefire_violations")


class TestReal:
    pytestmark = real_data

    @pytest.fixture
    def reading(self) -> Reading:
        regions = file_payload(data("boundaries", "ukraine_adm1_simplified.geojson"))
        ctx = context(SOURCE, {"regions": regions}, areas={"Donetsk": "UA-14", "Luhansk": "UA-09"})
        got = SOURCE.read(file_payload(data("osce", "osce_smm_daily_summary_counts.csv")), ctx)
        assert SOURCE.derive is not None
        return Reading(SOURCE.derive(got.observations, ctx), got.watches, got.quarantine, got.notices)

    def test_every_row_is_read(self, reading: Reading) -> None:
        assert reading.quarantine.is_empty()
        assert reading.notices == ()
        own = reading.observations.filter(pl.col("label") == "ceasefire_violations")
        assert (own.height, reading.watches.height) == (326, 326)
        assert own["geometry"].n_unique() == 2

    def test_no_later_figure_contradicts_an_earlier_report(self, reading: Reading) -> None:
        said = [f for row_flags in flags(reading.observations) for f in row_flags]
        assert said.count("correction") == said.count("superseded") == said.count("conflict") == 0
        assert said.count("repeats") == 118
        assert said.count("part_of_period") == 12
        assert said.count("period_inferred") == 118 + 152

    def test_the_first_weeks_as_the_reports_give_them(self, reading: Reading) -> None:
        totals = counted(reading.observations).filter(pl.col("flags").list.contains("running_total"))
        assert totals.select("t_start", "t_end", "count_low").rows() == [
            (utc(7, 27, 16, 30), utc(7, 28, 16, 30), 10),
            (utc(7, 30, 16, 30), utc(8, 1, 16, 30), 117),
        ]

    def test_the_misprinted_reports_carry_their_flag(self, reading: Reading) -> None:
        wrong = reading.observations.filter(pl.col("flags").list.contains("misprint"))
        numbers = wrong["text"].str.extract(r"^Report (\d+/\d{4}): ").unique().sort().to_list()
        assert numbers == ["109/2021", "244/2021", "5/2021"]
