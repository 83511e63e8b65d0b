"""Load ``agreement.yaml``: all mistakes at once, or the agreement as it runs."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from servanda.agreement.check import check
from servanda.agreement.draft import draft
from servanda.agreement.resolve import Resolver, parties, versions
from servanda.agreement.resolved import Agreement
from servanda.agreement.written import Document, read_yaml
from servanda.errors import AgreementError, Problem


def load(path: Path, env: Mapping[str, str] = os.environ) -> tuple[Agreement, list[Problem]]:
    """Read an agreement. The problems that come back are warnings, in file order.

    ``env`` fills in ``${NAME}`` in the paths of zone files. Zone files must exist; ``open_zones`` reads them.

    Raises AgreementError with every mistake in the file, each with line, column and how to mend it.
    """
    doc = read_yaml(path)
    agreement = None
    # After a mistake in the syntax everything that follows would be guesswork.
    if doc.data is not None:
        agreement = _resolve(doc, path, env)
    errors = [p for p in doc.problems if p.level == "error"]
    if errors or agreement is None:
        raise AgreementError(doc.problems)
    return agreement, sorted(doc.problems)


def _resolve(doc: Document, path: Path, env: Mapping[str, str]) -> Agreement | None:
    """The agreement, or None when a mistake keeps it from running; mistakes go to ``doc``."""
    read = draft(doc)
    check(read, path.parent, env)
    if read.zone is None or read.in_force is None:
        return None
    data: dict[str, Any] = doc.data
    sound = not any(p.level == "error" for p in doc.problems)
    bound = tuple(p for p, written in read.parties.items() if written.role == "party")
    reference = str(data.get("reference", ""))
    resolver = Resolver(doc, read.zone, bound)
    found = versions(read, resolver, str(data.get("version", "1")), reference)
    if not found or not sound:
        return None
    return Agreement(
        data["title"],
        reference,
        read.zone.key,
        found[0].t_from,
        found[-1].t_to,
        parties(read),
        found,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        str(path),
        doc.positions,
    )
