"""What we keep: every payload, every reading of it, every finding issued; added to, never rewritten."""

from servanda.evidence.findings import StoredFinding
from servanda.evidence.ingest import ReadingLike, Receipt
from servanda.evidence.selection import ReadingKey
from servanda.evidence.store import Store, open_store

__all__ = ["ReadingKey", "ReadingLike", "Receipt", "Store", "StoredFinding", "open_store"]
