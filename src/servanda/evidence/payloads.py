"""The bytes as they came, one file per content: ``ab/cdef…`` is the file whose SHA-256 is ``abcdef…``."""

import hashlib
import os
import tempfile
from pathlib import Path

from servanda.errors import EvidenceError


class Payloads:
    """A folder of payloads. A file in it is written once, whole, and never again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:]

    def keep(self, data: bytes, sha256: str) -> None:
        """Write ``data`` so that it survives a power cut before this returns; the same content is written once.

        Raises EvidenceError when the file is there with other content, or cannot be written.
        """
        path = self.path(sha256)
        if path.exists():
            fault = self.fault(sha256)
            if fault is not None:
                raise EvidenceError(f"{fault} Restore the file from a copy before going on.")
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_durably(path, data)
            _sync_folder(self.folder)
        except OSError as error:
            raise EvidenceError(f"{path}: the payload could not be kept: {error.strerror}") from error

    def get(self, sha256: str) -> bytes:
        """The bytes, checked. Raises EvidenceError when they are missing or altered."""
        fault = self.fault(sha256)
        if fault is not None:
            raise EvidenceError(fault)
        return self.path(sha256).read_bytes()

    def fault(self, sha256: str) -> str | None:
        """What is wrong with the stored file, or None."""
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return f"payload {sha256} is missing: {path}."
        return None if found == sha256 else f"payload {sha256} was altered: {path} now has SHA-256 {found}."


def _write_durably(path: Path, data: bytes) -> None:
    """The name appears only when all bytes are on disk; whatever fails, no half-written file stays."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o444)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """A new name in a folder is durable only when the folder itself is written."""
    if os.name == "nt":  # Windows cannot open a folder and does not need to
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
