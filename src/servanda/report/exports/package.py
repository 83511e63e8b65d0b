"""``datapackage.json``: what the files are, whose data they hold, under which licence (Frictionless Data Package)."""

import hashlib
import json
from pathlib import Path

import servanda
from servanda.findings import iso
from servanda.report.exports.evidence import Evidence

MEDIA = {
    ".geojson": "application/geo+json",
    ".parquet": "application/vnd.apache.parquet",
    ".gpkg": "application/geopackage+sqlite3",
    ".csv": "text/csv",
}


def datapackage(evidence: Evidence, folder: Path, files: list[Path]) -> bytes:
    """Describes ``files``, which lie in ``folder``; each with its size and SHA-256."""
    shown = ("source_id", "provider", "licence", "citation")
    out = {
        "profile": "data-package",
        "name": "servanda-export",
        "title": evidence.title,
        "description": f"Evidence on {evidence.agreement}, version {evidence.version}, as of {iso(evidence.as_of)}.",
        "as_of": iso(evidence.as_of),
        "public": evidence.public,
        "agreement_sha256": evidence.digest,
        "servanda": servanda.__version__,
        "sources": [
            {"title": s["provider"], "source_id": s["source_id"], "licence": s["licence"], "citation": s["citation"]}
            for s in evidence.tables["sources"].select(shown).iter_rows(named=True)
        ],
        "resources": [_resource(path, folder) for path in files],
    }
    return (json.dumps(out, indent=1, ensure_ascii=False) + "\n").encode()


def _resource(path: Path, folder: Path) -> dict[str, object]:
    relative = path.relative_to(folder).as_posix()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "name": relative.replace("/", "-").replace(".", "-").replace("_", "-"),
        "path": relative,
        "mediatype": MEDIA[path.suffix],
        "bytes": path.stat().st_size,
        "hash": f"sha256:{digest}",
    }
