"""Small payloads in the providers' layouts, and what every source must do alike."""

import gzip
import json
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from servanda.errors import SourceRefused
from servanda.sources.base import Context, Payload, Reading, Source

real_data = [
    pytest.mark.real_data,
    pytest.mark.skipif("SERVANDA_DATA" not in os.environ, reason="SERVANDA_DATA is not set"),
]


def data(*parts: str) -> Path:
    return Path(os.environ["SERVANDA_DATA"]).joinpath(*parts)


def payload(content: str | bytes, name: str = "file.csv") -> Payload:
    raw = content.encode() if isinstance(content, str) else content
    return Payload(name, raw, sha256(raw).hexdigest())


def file_payload(path: Path) -> Payload:
    return payload(path.read_bytes(), path.name)


def context(source: Source, aux: Mapping[str, Payload] | None = None, **settings: object) -> Context:
    return Context("it", source.settings.model_validate(settings), aux or {})


def csv_text(header: str, rows: Sequence[str]) -> str:
    return "\n".join([header, *rows, ""])


def squares(**codes: tuple[float, float]) -> Payload:
    """A boundary file: a one-degree square for every code, from its south-west corner."""
    features = [
        {
            "type": "Feature",
            "properties": {"shapeISO": code.replace("_", "-"), "shapeName": f"Region {code}"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]],
            },
        }
        for code, (x, y) in codes.items()
    ]
    return payload(json.dumps({"type": "FeatureCollection", "features": features}), "regions.geojson")


def merged(readings: Sequence[Reading], table: str) -> pl.DataFrame:
    """What the store holds after several payloads: by id, the first payload named."""
    key = "observation_id" if table == "observations" else "watch_id"
    frames = [(r.observations if table == "observations" else r.watches).drop("payload_sha256") for r in readings]
    return pl.concat(frames).unique(key, keep="first").sort(key)


def assert_rows_decide_alone(source: Source, ctx: Context, header: str, rows: Sequence[str]) -> None:
    """Order, splitting, repetition, renaming, recompression and a byte order mark change nothing."""
    whole = source.read(payload(csv_text(header, rows)), ctx)
    ways = {
        "permuted": [payload(csv_text(header, rows[::-1]), "other.csv")],
        "split": [payload(csv_text(header, rows[: len(rows) // 2])), payload(csv_text(header, rows[len(rows) // 2 :]))],
        "repeated": [payload(csv_text(header, [*rows, *rows]))],
        "gzip": [payload(gzip.compress(csv_text(header, rows).encode(), mtime=0), "file.csv.gz")],
        "byte order mark": [payload("\ufeff" + csv_text(header, rows))],
        "windows line ends": [payload(csv_text(header, rows).replace("\n", "\r\n"))],
        "quoted": [payload("\n".join(",".join(f'"{v}"' for v in r.split(",")) for r in [header, *rows]))],
    }
    for way, files in ways.items():
        got = [source.read(f, ctx) for f in files]
        for table in ("observations", "watches"):
            assert merged(got, table).equals(merged([whole], table)), f"{source.name}: {table} change when {way}"
    again = source.read(payload(csv_text(header, [*rows, *rows])), ctx)
    assert again.observations.height == whole.observations.height
    if whole.observations.height:
        assert any("exact duplicate" in n for n in again.notices), "duplicates that were dropped are not told"


def assert_fields_accounted(source: Source, ctx: Context, header: str, row: str, needed: str) -> None:
    """Every column is used or ignored for a reason; a new one is a notice; a missing one refuses the file."""
    for name in header.split(","):
        assert name in source.fields.used or name in source.fields.ignored, (
            f"{source.name}: {name} is not accounted for"
        )
    plain = source.read(payload(csv_text(header, [row])), ctx)
    extra = source.read(payload(csv_text(header + ",brand_new", [row + ",7"])), ctx)
    assert any("'brand_new' is new" in n for n in extra.notices)
    assert extra.observations["observation_id"].equals(plain.observations["observation_id"])
    names = header.split(",")
    at = names.index(needed)
    cut = [",".join(v for i, v in enumerate(line.split(",")) if i != at) for line in (header, row)]
    with pytest.raises(SourceRefused, match="Mend: "):
        source.read(payload(csv_text(cut[0], cut[1:])), ctx)


def flags(frame: pl.DataFrame) -> list[list[str]]:
    return [list(f) for f in frame["flags"].to_list()]
