"""Forms for phones out of the agreement: they ask what the terms are about, and come back without a mapping.

The source ``odk`` reads it; ``servanda.sources.odk_form`` holds the names that both share.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from servanda.agreement.loader import load as load_agreement
from servanda.agreement.zones import open_zones
from servanda.mission import config
from servanda.mission.forms.agreed import agreed
from servanda.mission.forms.areas import areas
from servanda.mission.forms.build import build
from servanda.mission.forms.workbook import workbook

FORM = "patrol_report.xlsx"
AREAS = "zones.geojson"


def write_forms(directory: Path, out: Path, env: Mapping[str, str] | None = None) -> list[Path]:
    """Write the patrol form of a mission and the areas of its zones into ``out``; the files that were written.

    The same agreement gives the same bytes. Raises AgreementError or MissionError for a bad file.
    """
    env = os.environ if env is None else env
    path = config.load(directory, env).agreement_path
    agreement, _ = load_agreement(path, env)
    book = open_zones(agreement, path.parent, env)
    out.mkdir(parents=True, exist_ok=True)
    shapes = areas(agreement, book, agreed(agreement))
    made = {FORM: workbook(build(agreement)), AREAS: (json.dumps(shapes, indent=1) + "\n").encode()}
    for name, data in made.items():
        (out / name).write_bytes(data)
    return [out / name for name in made]
