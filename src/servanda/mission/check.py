"""Check what a person wrote: the agreement alone, or a whole mission folder."""

import os
from collections.abc import Mapping
from pathlib import Path

from servanda import kinds
from servanda.agreement.lint import lint
from servanda.agreement.loader import load as load_agreement
from servanda.agreement.zones import open_zones
from servanda.errors import InputError, Problem
from servanda.mission import config
from servanda.mission.config import Feed


def check_file(path: Path, env: Mapping[str, str] | None = None) -> list[Problem]:
    """Every mistake and remark about an agreement file, or about a mission folder and its agreement.

    An agreement that lies beside a mission file is also asked which of its terms no source there could observe.
    """
    env = os.environ if env is None else env
    problems: list[Problem] = []
    feeds: tuple[Feed, ...] | None = None
    folder = path if path.is_dir() else path.parent
    agreement_path = path
    if path.is_dir() or path.name == config.FILE or (folder / config.FILE).is_file():
        try:
            mission = config.load(folder, env)
        except InputError as error:
            problems.extend(error.problems)
        else:
            feeds = mission.feeds
            agreement_path = mission.agreement_path if path.is_dir() or path.name == config.FILE else path
    if agreement_path.is_dir() or agreement_path.name == config.FILE:
        return sorted(problems)
    try:
        agreement, warnings = load_agreement(agreement_path, env)
        zones = open_zones(agreement, agreement_path.parent, env)
        problems += [*warnings, *lint(agreement, zones, observable_kinds=observable(feeds))]
    except InputError as error:
        problems.extend(error.problems)
    return sorted(set(problems))


def observable(feeds: tuple[Feed, ...] | None) -> dict[str, frozenset[str]] | None:
    """Kinds that each feed could report, by feed; None when nothing is known of the feeds."""
    if feeds is None:
        return None
    everything = frozenset(kinds.tree())
    return {f.id: (f.source.kinds or everything) | f.settings.added_kinds() for f in feeds}
