"""Which sources there are: the plugins of the entry point group ``servanda.sources``."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

import polars as pl

from servanda.errors import ServandaError
from servanda.sources.base import ENTRY_POINTS, Settings, Source
from servanda.sources.fetching import Fetch
from servanda.tables import SOURCES

WITNESSING = ("sighting", "admission")
"""Claims that count as somebody's own observation."""


class PluginError(ServandaError):
    """A source plugin cannot be used: its name clashes, it does not load, or it is no Source."""


@cache
def sources() -> dict[str, Source]:
    """Every installed source by name, in order of name. Raises PluginError."""
    return load(tuple(entry_points(group=ENTRY_POINTS)))


def fetches() -> dict[str, Fetch]:
    """Every way to fetch that an installed source names, in order of name. Raises PluginError for a clash."""
    found: dict[str, Fetch] = {}
    for source in sources().values():
        for fetch in source.fetch:
            if found.setdefault(fetch.name, fetch) != fetch:
                raise PluginError(f"Two sources name a fetch {fetch.name!r}. Mend: rename or uninstall one of them.")
    return dict(sorted(found.items()))


def load(points: tuple[EntryPoint, ...]) -> dict[str, Source]:
    """The sources that entry points lead to. Raises PluginError for a clash or a plugin that does not load."""
    found: dict[str, EntryPoint] = {}
    for point in sorted(points, key=lambda p: (p.name, p.value)):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise PluginError(
                f"Two plugins give a source named {point.name!r}: {other.value} and {point.value}. "
                f"Mend: uninstall one of them, or rename its entry point in the group {ENTRY_POINTS}."
            )
    return {name: _source(point) for name, point in found.items()}


def _source(point: EntryPoint) -> Source:
    try:
        loaded = point.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        raise PluginError(
            f"The source {point.name!r} ({point.value}) does not load: {error} "
            "Mend: reinstall or uninstall its package."
        ) from error
    if not isinstance(loaded, Source):
        raise PluginError(
            f"The source {point.name!r} ({point.value}) is a {type(loaded).__name__}, not a Source. "
            "Mend: let its entry point name a servanda.sources.base.Source."
        )
    return loaded


def profile(source: Source, source_id: str, settings: Settings) -> pl.DataFrame:
    """The row of the SOURCES table for one source of a mission: its own word, overruled by the mission's settings.

    Settings that a source may add and that count here: ``provider``, ``licence``, ``citation`` (text),
    ``sigma_m`` (metres), ``monitor`` (is it the monitor's own observation), ``constants.claim`` (what its rows are).
    """
    given = {name: getattr(settings, name, None) for name in ("provider", "licence", "citation", "sigma_m", "monitor")}
    claim = getattr(settings, "constants", {}).get("claim")
    row = {
        "source_id": source_id,
        "provider": given["provider"] or source.provider,
        "licence": given["licence"] or source.licence,
        "citation": given["citation"] or source.citation,
        "witness_group": source.group_of(source_id, settings),
        "reliability": settings.reliability or source.reliability,
        "p_true": settings.p_true,
        "sigma_m": source.sigma_m if given["sigma_m"] is None else given["sigma_m"],
        "is_monitor": source.is_monitor if given["monitor"] is None else given["monitor"],
        "is_witness": source.is_witness if claim is None else claim in WITNESSING,
    }
    return SOURCES.conform(pl.DataFrame([row], schema=SOURCES.schema))
