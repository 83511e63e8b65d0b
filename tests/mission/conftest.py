"""A small mission folder, written by hand, that the tests of this folder change."""

from pathlib import Path

import pytest

AGREEMENT = """\
title: A truce of three days
time_zone: Etc/UTC
in_force: {from: 2025-03-01T00:00, to: 2025-03-04T00:00}
parties: {north: {name: Northland}, south: {name: Southmark}}
zones:
  buffer:
    geometry: {type: Polygon, coordinates: [[[20.0, -0.1], [21.0, -0.1], [21.0, 0.1], [20.0, 0.1], [20.0, -0.1]]]}
terms:
  no-artillery: {clause: Article 1, in: buffer, forbid: [artillery]}
  no-naval-fire: {clause: Article 2, in: buffer, forbid: [naval_fire]}
"""

MISSION = """\
title: The truce mission
time_zone: Etc/UTC
sources:
  - {id: patrols, source: table, path: "data/patrols*.csv", settings: {reliability: A, monitor: true, sigma_m: 100}}
  - {id: villages, source: table, path: data/villages.csv, settings: {reliability: A, sigma_m: 300}}
  - {id: watches, source: table, path: data/watches.csv, settings: {witness_group: patrols}}
comparisons:
  - {title: Shelling, measure: starts, source: patrols, kinds: [artillery], baselines: [{shift: -3 days}]}
"""

PATROLS = """\
kind,t_start,lon,lat,recorded_at
artillery,2025-03-01T10:00:00Z,20.5,0.0,2025-03-01T12:00:00Z
small_arms,2025-03-02T10:00:00Z,20.2,0.0,2025-03-02T12:00:00Z
artillery,2025-03-02T15:00:00Z,20.7,0.02,2025-03-02T16:00:00Z
artillery,2025-02-27T15:00:00Z,20.7,0.02,2025-02-27T16:00:00Z
"""

VILLAGES = """\
kind,t_start,lon,lat,recorded_at
artillery,2025-03-02T15:10:00Z,20.701,0.021,2025-03-03T20:00:00Z
"""

WATCHES = """\
kind,t_start,t_end,geometry,p_detect,p_false,status,reason
armed_activity,2025-03-01T00:00:00Z,2025-03-04T00:00:00Z,"POLYGON((19 -1,22 -1,22 1,19 1,19 -1))",0.9,0.05,watching,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "mission")


def write(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    files = {
        "agreement.yaml": AGREEMENT,
        "mission.yaml": MISSION,
        "data/patrols.csv": PATROLS,
        "data/villages.csv": VILLAGES,
        "data/watches.csv": WATCHES,
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder
