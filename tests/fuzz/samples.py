"""Small files in every layout that a shipped source reads, with what it needs beside them. All values are made up."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import polars as pl
from tests.fuzz.shapes import Archive, Columnar, Markup, Shape, Table, Tree
from tests.patrols import hours, layouts, patrol_form
from tests.sources import test_acled as acled
from tests.sources import test_adsb as adsb
from tests.sources import test_alerts as alerts
from tests.sources import test_control as control
from tests.sources import test_corridors as corridors
from tests.sources import test_feed as feed
from tests.sources import test_firms as firms
from tests.sources import test_generic as generic
from tests.sources import test_odk as odk
from tests.sources import test_osce as osce
from tests.sources import test_ucdp as ucdp
from tests.sources import test_viina as viina
from tests.sources.conftest import csv_text, payload, squares

from servanda.sources.base import Context, Payload, Source
from servanda.sources.registry import sources


@dataclass(frozen=True)
class Sample:
    """A sound file. ``alone``: each record decides alone; ``first``: number of its first record."""

    source: Source
    name: str
    shape: Shape
    aux_shapes: Mapping[str, Shape] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = True
    first: int = 1

    def payload(self, data: bytes) -> Payload:
        return payload(data, self.name)

    @property
    def aux(self) -> Mapping[str, Payload]:
        return {name: payload(shape.data(), name) for name, shape in self.aux_shapes.items()}

    def context(self, aux: Mapping[str, Payload]) -> Context:
        return Context("it", self.source.settings.model_validate(self.settings), aux)


Made = Callable[[Source], list[Sample]]


@cache
def samples(name: str) -> tuple[Sample, ...]:
    """The samples of a source. Raises KeyError for a source that has none."""
    return tuple(SAMPLES[name](sources()[name]))


def _table(header: str, rows: Sequence[str], **more: Any) -> Table:
    return Table.of(csv_text(header, rows), **more)


def _areas(areas: Payload) -> Mapping[str, Shape]:
    return {"regions": Tree(json.loads(areas.data), ("features",))}


def _features(rows: Sequence[Mapping[str, Any]], lon: str, lat: str) -> Tree:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [float(r[lon]), float(r[lat])]},
            "properties": dict(r),
        }
        for r in rows
    ]
    return Tree({"type": "FeatureCollection", "features": features}, ("features",))


def _records(header: str, rows: Sequence[str]) -> list[dict[str, str]]:
    return [dict(zip(header.split(","), row.split(","), strict=True)) for row in rows]


SQUARES = squares(R_1=(30, 46), R_2=(36, 49))


def _viina(source: Source) -> list[Sample]:
    table = _table(viina.HEADER, viina.ROWS)
    return [Sample(source, "viina.csv", table), Sample(source, "viina.csv", table, _areas(SQUARES))]


def _alerts(source: Source) -> list[Sample]:
    times = "2022-03-15 16:46:43+00:00,2022-03-15 16:58:17+00:00"
    official = [f"Odeska oblast,,,oblast,{times},official", f"Poltavskyi raion,Poltavska oblast,A,hromada,{times},x"]
    volunteer = [
        "Odeska oblast,2022-02-25 16:36:22+00:00,2022-02-25 17:06:22+00:00,True",
        f"Odeska oblast,{times},False",
    ]
    tables = ((alerts.MERGED, alerts.ROWS), (alerts.OFFICIAL, official), (alerts.VOLUNTEER, volunteer))
    return [Sample(source, "alerts.csv", _table(h, rows), _areas(alerts.REGIONS)) for h, rows in tables]


def _firms(source: Source) -> list[Sample]:
    viirs = ["48.15,37.25,331.6,0.39,0.36,2026-06-24,5,N,VIIRS,n,2.0NRT,295,11.3,D"] * 2 + [
        "48.15,37.26,331,0.39,0.36,2026-06-24,1041,N21,VIIRS,h,2.0NRT,295,11.3,N"
    ]
    days = [f"2025-04-{d}T0{h}:02:00Z,modis,{1000 + d},3,2025-04-{d - 1},2025-04-{d}" for d in (20, 21) for h in (0, 6)]
    coverage = _table(firms.COVERAGE, days)
    normal = [f"{x},{y},{year}-04-20" for year in (2019, 2020) for x, y in ((48.15, 37.25), (40.0, 30.0))]
    baseline = _table("LATITUDE,LONGITUDE,ACQ_DATE", normal)
    aux: Mapping[str, Shape] = {"coverage": coverage, "baseline": baseline}
    name = "modis_snapshot_20250421T0602Z.csv"
    return [
        Sample(source, name, _table(firms.MODIS, firms.ROWS), aux, {"unusual_kind": "explosive"}),
        Sample(source, name, _table(firms.MODIS, firms.ROWS)),
        Sample(source, "archive.csv", _table(firms.ARCHIVE, viirs[1:])),
        Sample(source, "area.csv", _table(firms.AREA, viirs[1:])),
        Sample(source, "scrape.geojson", _features(_records(firms.AREA, viirs[1:]), "longitude", "latitude")),
    ]


def _control(source: Source) -> list[Sample]:
    whole = [
        json.loads(control.chart(r, kind=k).data)
        for r, k in ((control.SQUARE, "MultiPolygon"), (control.BOWTIE, "Polygon"))
    ]
    root = {**whole[0], "features": [f for w in whole for f in w["features"]]}
    return [Sample(source, "map_20250508.geojson", Tree(root, ("features",)), alone=False)]


def _corridors(source: Source) -> list[Sample]:
    rows = [
        corridors.row(),
        corridors.row(HC_ID="2", status_result="unsuccessful/disrupted", status_extra="disrupted", proposal="agreed"),
        corridors.row(HC_ID="3", status_result="disputed", status_extra="disputed", From="Oldtown region"),
    ]
    return [Sample(source, "corridors.csv", _table(corridors.HEADER, rows))]


def _adsb(source: Source) -> list[Sample]:
    t, flown = adsb.T, adsb.FLOWN
    records = [{**flown, "timestamp": t * 1000 + 60_000 * i, "longitude": 30.75 + i / 10, "NUCp": i} for i in range(4)]
    states = [adsb.state(), adsb.state(icao24="abc124", longitude=31.0), [*adsb.state(icao24="abc125"), 2]]
    planes = [adsb.aircraft(), adsb.aircraft(hex="~abc124", nac_p=9, nic=8), adsb.aircraft(hex="abc125", nic=0)]
    history = [f"{t + i},abc12{i},50.25,30.75,51.4444,270,0,False,3048,{t + i},{t + i},{t}" for i in range(3)]
    columns = {k: {str(i): r.get(k) for i, r in enumerate(records)} for k in records[0]}
    return [
        Sample(source, "records.json", Tree(records)),
        Sample(source, "columns.json", Tree(columns), alone=False),
        Sample(source, "states.json", Tree({"time": t, "states": states}, ("states",))),
        Sample(source, "receiver.json", Tree({"now": t, "messages": 9, "aircraft": planes}, ("aircraft",))),
        Sample(source, "aggregator.json", Tree({"now": t * 1000, "total": 3, "ac": planes}, ("ac",))),
        Sample(source, "history.csv", _table(adsb.HISTORY.strip(), history)),
    ]


def _generic(source: Source) -> list[Sample]:
    header = "kind,t_start,lon,lat,count_low,text,flags,recorded_at,geometry"
    rows = [
        "artillery,2025-04-19T18:00+03:00,37.5,48.1,3,loud,,2025-04-20T00:00Z,",
        "mortar,2025-04-19 18:05:00,37.6,48.2,,,a|b,,",
        "small_arms,2025-04-20,,,1,,,,POINT (37.7 48.3)",
    ]
    looked = [
        "artillery,2025-04-19T18:00Z,2025-04-19T19:00Z,37.5,48.1,5000,0.5,watching",
        "mortar,2025-04-19,2025-04-20,37.5,48.1,900,0.1,denied",
    ]
    watch = "kind,t_start,t_end,lon,lat,range_m,p_detect,status"
    tagged = "What,When,X,Y\n#event+type,#date+start,#geo+lon,#geo+lat\n"
    tagged += "Grad,2025-04-19,37.5,48.1\nSnipers,2025-04-20 10:00,37.6,48.2\n"
    mapped = {
        "columns": {"What": "kind", "When": "t_start", "X": "lon", "Y": "lat"},
        "kind_patterns": {"(?i)grad": "artillery", "(?i)snip": "small_arms"},
        "box": (30, 40, 40, 55),
        "time_zone": "Europe/Kyiv",
    }
    places = "kind,t_start,place,sigma_m\nartillery,2025-04-19,Region R_1,500\nmortar,2025-04-19T10:00Z,R-2,\n"
    frame = pl.DataFrame(_records(header, rows)).with_columns(pl.col("count_low").cast(pl.Float64, strict=False))
    return [
        Sample(source, "t.csv", _table(header, rows)),
        Sample(source, "w.csv", _table(watch, looked)),
        Sample(source, "hxl.csv", Table.of(tagged, second=True), settings=mapped, first=2),
        Sample(source, "places.csv", Table.of(places), _areas(SQUARES)),
        Sample(source, "t.parquet", Columnar(frame)),
        Sample(source, "t.geojson", _features(_records(generic.HEADER, generic.ROWS), "lon", "lat")),
    ]


def _ucdp(source: Source) -> list[Sample]:
    table = _table(ucdp.HEADER, ucdp.ROWS)
    return [
        Sample(source, "ged.csv", table, _areas(SQUARES)),
        Sample(source, "ged.csv", table),
        Sample(source, "page.json", Tree(json.loads(ucdp.as_json(ucdp.ROWS)), ("Result",)), _areas(SQUARES)),
    ]


def _acled(source: Source) -> list[Sample]:
    table = _table(acled.HEADER, acled.ROWS)
    gone = _table("event_id_cnty,deleted_timestamp", ["LND1,1950000000", "LND2,1950000001"])
    return [
        Sample(source, "acled.csv", table, _areas(SQUARES)),
        Sample(source, "acled.csv", table),
        Sample(source, "acled.json", Tree(json.loads(acled.as_json(acled.ROWS)), ("data",)), _areas(SQUARES)),
        Sample(source, "deleted.csv", gone),
    ]


def _osce(source: Source) -> list[Sample]:
    rows = [
        osce.row(explosions=3, at_least="ceasefire_violations"),
        osce.row(region="West", ceasefire_violations=0, previous_period_violations=91),
        osce.row(
            report_number="11/2020",
            issued_on="2020-08-13",
            period_from="2020-08-11T19:30+03:00",
            as_of="2020-08-12T19:30+03:00",
            ceasefire_violations=9,
            assessed_exercise=3,
        ),
    ]
    areas = squares(XX_1=(37, 48), XX_2=(38, 48))
    return [Sample(source, "counts.csv", _table(osce.HEADER, rows), _areas(areas), {"areas": osce.AREAS})]


def _odk(source: Source) -> list[Sample]:
    other_day = ("2025-03-03T08:00:00.000+02:00", "2025-03-03T12:00:00.000+02:00")
    reports = [hours("a", *other_day, post=odk.POST), odk.heard(), odk.quiet("d", status="denied", reason="x")]
    made = layouts(patrol_form(), reports)
    archive = dict(_members(made["patrol.zip"]))
    main, seen = Table.of(archive["patrol.csv"].decode()), Table.of(archive["patrol-seen.csv"].decode())
    zones = {"zones": Tree(json.loads(odk.zones().data), ("features",))}
    return [
        Sample(source, "patrol.zip", Archive(archive), zones),
        Sample(source, "patrol.csv", main, {**zones, "seen": seen}, alone=False),
        Sample(source, "patrol.csv", main, zones, alone=False),
        Sample(source, "odata.json", Tree(json.loads(made["odata.json"]), ("value",)), zones),
        Sample(source, "kobo.json", Tree(json.loads(made["kobo.json"]), ("results",)), zones),
    ]


def _members(raw: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return [(n, archive.read(n)) for n in archive.namelist()]


def _feed(source: Source) -> list[Sample]:
    items = [
        feed.item(),
        feed.item("Drone seen", "2025-04-19T18:00:00Z", "g2"),
        feed.item(guid="g3", more="<georss:polygon>0 20 0 21 1 21 0 20</georss:polygon>"),
    ]
    head, tail = feed.rss("|").split("|")
    atom = [
        f"<entry><id>urn:{n}</id><title>Shelling {n}</title><published>2025-04-19T10:00:00Z</published>"
        f"<updated>2025-04-19T1{n}:00:00Z</updated><summary>two</summary></entry>"
        for n in range(3)
    ]
    entries = [
        {"id": str(n), "url": "https://n.example/1", "title": "Drone over the bridge", "content_html": "<p>Seen</p>",
         "date_published": f"2025-04-19T1{n}:00:00+03:00", "geometry": {"type": "Point", "coordinates": [20.5, 0.1]}}
        for n in range(3)
    ]  # fmt: skip
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "t", "language": "en", "items": entries}
    patterns = {"kind_patterns": feed.KINDS}
    placed = {**patterns, "constants": feed.PLACE}
    return [
        Sample(source, "rss.xml", Markup(head, items, tail), settings=patterns),
        Sample(
            source,
            "atom.xml",
            Markup('<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>', atom, "</feed>"),
            settings=placed,
        ),
        Sample(source, "feed.json", Tree(document, ("items",)), settings=patterns),
        Sample(source, "alerts.json", Tree(feed.ALERTS, ("alerts",)), settings=feed.MAPPING),
    ]


SAMPLES: Mapping[str, Made] = {
    "viina": _viina,
    "alerts": _alerts,
    "firms": _firms,
    "control": _control,
    "corridors": _corridors,
    "adsb": _adsb,
    "table": _generic,
    "ucdp": _ucdp,
    "acled": _acled,
    "osce": _osce,
    "odk": _odk,
    "feed": _feed,
}
