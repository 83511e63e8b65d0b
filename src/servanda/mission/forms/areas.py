"""Areas of the zones that a form names, for reports that say a zone and have no point."""

import json
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from servanda.agreement.resolved import Agreement, ZoneBook
from servanda.mission.forms.agreed import Agreed

DECIMALS = 6
"""Of a degree: 0.1 m."""


def areas(agreement: Agreement, zones: ZoneBook, found: Agreed) -> dict[str, Any]:
    """GeoJSON of every zone and place that is an area and is the same in all versions and at all times.

    One that moves is left out: which of its shapes held would be a guess. Degrees WGS 84, lon before lat.
    """
    features = []
    for zone_id in (*found.zones, *found.places):
        shape = _only_shape(agreement, zones, zone_id)
        if shape is not None and shapely.get_dimensions(shape) == 2:
            geometry = json.loads(shapely.to_geojson(shapely.set_precision(shape, 10.0**-DECIMALS)))
            features.append({"type": "Feature", "properties": {"id": zone_id}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def _only_shape(agreement: Agreement, zones: ZoneBook, zone_id: str) -> BaseGeometry | None:
    versions = [v.version for v in agreement.versions if zone_id in v.zones]
    if any(zones.dates(v, zone_id) for v in versions):
        return None
    epochs = [epoch for v in versions for epoch in zones.epochs(v, zone_id)]
    shapes = {shapely.to_wkb(shapely.normalize(e.geometry)) for e in epochs}
    return epochs[0].geometry if len(shapes) == 1 else None
