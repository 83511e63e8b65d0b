"""The evidence of a mission for other programs: the same steps as a report, other files at the end."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import shapely

from servanda.agreement.resolved import Agreement, Epoch, Version, ZoneBook
from servanda.errors import SourceRefused
from servanda.mission.intake import Step
from servanda.mission.pipeline import gather
from servanda.report.exports import ZONES, select, write


@dataclass(frozen=True)
class Exported:
    """What was written, in order, and the sources that had to be refused."""

    files: list[Path]
    refused: tuple[SourceRefused, ...]


def write_exports(directory: Path, out: Path, formats: Iterable[str] = ()) -> list[Path]:
    """Write what may be published into ``out``; give the files. See ``export``."""
    return export(directory, out, formats).files


def export(
    directory: Path,
    out: Path,
    formats: Iterable[str] = (),
    *,
    public: bool = True,
    as_of: datetime | None = None,
    env: Mapping[str, str] | None = None,
    now: datetime | None = None,
    step: Step = lambda _: None,
) -> Exported:
    """Do the job up to the report and write its evidence in ``formats`` (none named: all) into ``out``.

    ``public``: only what may be published; else all that the mission holds, restricted observations too.
    Raises AgreementError, MissionError, and ValueError for an unknown format.
    """
    made = gather(directory, as_of, env, now=now, step=step)
    step("writing the exports")
    zones = zone_table(made.agreement, made.zones, made.data.as_of)
    return Exported(write(select(made.data, zones, public), out, formats), made.refused)


def zone_table(agreement: Agreement, zones: ZoneBook, as_of: datetime) -> pl.DataFrame:
    """Every zone by version, party (where it is another for each) and time, as ``report.exports.ZONES``.

    Shapes that a moving zone took outside the in-force window, or after ``as_of``, are left out.
    """
    rows = [row for version in agreement.versions for row in _of_version(agreement, version, zones, as_of)]
    return ZONES.conform(pl.DataFrame(rows, schema=ZONES.schema, orient="row"))


def _of_version(
    agreement: Agreement, version: Version, zones: ZoneBook, as_of: datetime
) -> Iterator[dict[str, object]]:
    parties = [p.party_id for p in agreement.parties if p.role == "party"]
    for zone_id, zone in version.zones.items():
        for party in parties if zones.differs(version.version, zone_id) else [None]:
            for epoch in zones.epochs(version.version, zone_id, party):
                t_start, t_end = _within(epoch, version)
                empty = t_start is not None and t_end is not None and t_start >= t_end
                if empty or (t_start is not None and t_start > as_of):
                    continue
                yield {
                    "zone_id": zone_id,
                    "label": zone.label or zone_id,
                    "agreement_version": version.version,
                    "party": party,
                    "t_start": t_start,
                    "t_end": t_end,
                    "geometry": bytes(shapely.to_wkb(epoch.geometry, byte_order=1)),
                }


def _within(epoch: Epoch, version: Version) -> tuple[datetime | None, datetime | None]:
    """The part of the epoch in which the version is in force."""
    starts = [t for t in (epoch.t_from, version.t_from) if t is not None]
    ends = [t for t in (epoch.t_to, version.t_to) if t is not None]
    return max(starts, default=None), min(ends, default=None)
