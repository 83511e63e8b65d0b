"""Why a download ends without a file. Messages name keys, never their values."""

from datetime import datetime

from servanda.errors import ServandaError


class Refused(ServandaError):
    """An answer that may not be kept, or none at all. ``stop``: the rest of the feed would fail alike."""

    def __init__(self, reason: str, mend: str, stop: bool = False) -> None:
        self.reason, self.mend, self.stop = reason, mend, stop
        super().__init__(f"{reason} Mend: {mend}")


class ComeBack(ServandaError):
    """The provider asks to be left alone until a moment that is too far to wait for."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"It asks to come back at {until.isoformat(timespec='seconds')}.")


class Lacking(ServandaError):
    """There is no such file (404, 410)."""


class PullBusy(ServandaError):
    """Another pull works on this folder."""


class Again(Exception):
    """A passing fault; ``wait_s``: what the provider asks to wait, if it does."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        self.what, self.wait_s = what, wait_s
        super().__init__(what)
