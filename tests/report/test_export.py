"""What machines read."""

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
import shapely

from servanda.report import ReportData
from servanda.report.export import findings_json, incidents_geojson
from servanda.report.incidents import mark
from servanda.report.public import publishable


def geojson(data: ReportData) -> dict[str, Any]:
    return dict(json.loads(b"".join(incidents_geojson(data, mark(data)))))


@pytest.fixture(scope="module")
def findings(truce: ReportData) -> dict[str, Any]:
    return dict(json.loads(findings_json(publishable(truce))))


def test_findings_json_holds_all_that_was_found(truce: ReportData, findings: dict[str, Any]) -> None:
    assert list(findings) == [
        "agreement", "as_of", "period", "findings", "comparisons", "trends", "undercounts", "sources", "quarantine",
        "refused", "servanda",
    ]  # fmt: skip
    assert findings["agreement"]["title"] == truce.agreement.title
    assert findings["as_of"] == "2031-04-21T06:00:00Z"
    by_id = {f["finding_id"]: f for f in findings["findings"]}
    assert by_id == {f.finding_id: f.to_json() for f in publishable(truce).findings}
    assert [c["measure"] for c in findings["comparisons"]] == ["starts", "reports", "fires"]
    assert findings["quarantine"] == {"total": 23, "by_source": {"newswire": 23}}
    assert "insider" not in {s["source_id"] for s in findings["sources"]}


def test_findings_json_is_readable_text(truce: ReportData) -> None:
    text = findings_json(publishable(truce))
    assert text.startswith('{\n "agreement"')
    assert text.endswith("}\n")
    assert "\\u04" not in text


def test_geojson_holds_every_incident_with_its_observations(truce: ReportData) -> None:
    collection = geojson(truce)
    assert collection["type"] == "FeatureCollection"
    features = {f["properties"]["incident_id"]: f for f in collection["features"]}
    assert sorted(features) == truce.incidents["incident_id"].sort().to_list()
    row = truce.incidents.row(5, named=True)
    feature = features[row["incident_id"]]
    assert feature["geometry"] == {"type": "Point", "coordinates": [round(row["lon"], 5), round(row["lat"], 5)]}
    members = truce.membership.filter(pl.col("incident_id") == row["incident_id"])
    assert feature["properties"]["observation_ids"] == members["observation_id"].sort().to_list()
    assert feature["properties"]["t_start"] == row["t_start"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert feature["properties"]["count_low"] is None


def test_geojson_says_which_terms_an_incident_bears_on(truce: ReportData) -> None:
    bearing = set(truce.incident_terms["incident_id"].to_list())
    for feature in geojson(truce)["features"]:
        terms = feature["properties"]["terms"]
        expected = [{"term_id": "no_fire", "probability": 0.71, "exempt_by": None}]
        assert terms == (expected if feature["properties"]["incident_id"] in bearing else [])


def test_areas_and_missing_places_and_quotes_survive(truce: ReportData) -> None:
    square = shapely.to_wkb(shapely.box(30.123456789, 48, 31, 49))
    first, second = truce.incidents["incident_id"].head(2).to_list()
    spoilt = truce.incidents.with_columns(
        lon=pl.when(pl.col("incident_id").is_in([first, second])).then(None).otherwise(pl.col("lon")),
        geometry=pl.when(pl.col("incident_id") == first).then(pl.lit(square)).otherwise(None),
        count_unit=pl.lit('a "quote" \\ and\na line'),
    )
    features = geojson(replace(truce, incidents=spoilt))["features"]
    geometry = {f["properties"]["incident_id"]: f["geometry"] for f in features}
    assert geometry[first]["type"] == "Polygon"
    assert min(c[0] for c in geometry[first]["coordinates"][0]) == 30.12346
    assert geometry[second] is None
    assert features[0]["properties"]["count_unit"] == 'a "quote" \\ and\na line'


def test_pieces_do_not_change_the_file(truce: ReportData, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = geojson(truce)
    monkeypatch.setattr("servanda.report.export.PIECE", 10)
    assert geojson(truce) == whole


def test_the_interface_of_findings_json(findings: dict[str, Any]) -> None:
    assert {"agreement", "as_of", "findings", "comparisons"} <= set(findings)
    assert {"title", "version"} <= set(findings["agreement"])
    finding = {
        "finding_id", "term_id", "clause", "party", "period", "verdict", "probability", "expected_violations",
        "power", "unseen_upper95", "proof", "reasons", "observation_ids", "supersedes",
    }  # fmt: skip
    for found in findings["findings"]:
        assert finding <= set(found)
        assert {"from", "to"} <= set(found["period"])
        assert set(found["expected_violations"]) == {"mean", "low", "high"}
        assert set(found["proof"]) == {"probability", "witnesses"}
    for comparison in findings["comparisons"]:
        assert {"measure", "source_id", "window", "value", "baselines", "rate_ratio"} <= set(comparison)
        assert {"from", "to"} == set(comparison["window"])
        assert all({"from", "to", "value"} == set(b) for b in comparison["baselines"])
        assert set(comparison["rate_ratio"]) == {"mean", "low", "high"}


def test_too_many_incidents_are_cut_to_those_that_matter_and_the_file_says_so(truce: ReportData) -> None:
    whole = geojson(truce)
    assert (whole["incidents_total"], whole["incidents_written"], whole["selection"]) == (63, 63, "every incident")
    few = replace(truce, settings=replace(truce.settings, geojson_incidents=62))
    cut = geojson(few)
    ids = [f["properties"]["incident_id"] for f in cut["features"]]
    matters = mark(truce).incidents.filter(pl.col("bears") | (pl.col("which") == "period"))
    assert ids == matters["incident_id"].to_list()
    assert (cut["incidents_total"], cut["incidents_written"]) == (63, len(ids))
    assert len(ids) < 63
    assert "only incidents that bear on a term" in cut["selection"]
    by_id = {f["properties"]["incident_id"]: f for f in whole["features"]}
    assert all(f == by_id[f["properties"]["incident_id"]] for f in cut["features"])


def test_geojson_says_what_each_incident_counts_as(hot: ReportData) -> None:
    features = [f["properties"] for f in geojson(hot)["features"]]
    assert {f["counted_as"] for f in features if f["kind"] == "thermal_anomaly"} == {"heat"}
    assert {f["counted_as"] for f in features if f["kind"] == "air_raid_alert"} == {"warning"}
    assert any(f["unusual_heat"] for f in features)
