"""What a pull did, feed by feed, for people and for programs. It names no key."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class FeedOutcome:
    """One feed. Files are named from the mission folder."""

    feed: str
    new: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: int = 0
    """Files that are as they were."""
    lacking: int = 0
    """Files that the provider does not have (yet)."""
    waited_s: float = 0.0
    come_back: str | None = None
    """The provider asks to be left alone until then (UTC); the next pull goes on from here."""
    refused: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    """With dry_run: what would be asked, and of which keys."""

    @property
    def words(self) -> str:
        """One line."""
        if self.planned:
            return "\n  ".join([f"{self.feed}: would ask", *self.planned])
        parts = [f"{len(self.new)} new", *([f"{len(self.updated)} updated"] if self.updated else [])]
        parts += [f"{self.unchanged} unchanged"] + ([f"{self.lacking} not there"] if self.lacking else [])
        parts += [f"waited {self.waited_s:.0f} s"] if self.waited_s >= 1 else []
        parts += [f"asked to come back at {self.come_back}"] if self.come_back else []
        return "\n  ".join([f"{self.feed}: {', '.join(parts)}", *(f"refused: {why}" for why in self.refused)])


@dataclass(frozen=True)
class PullOutcome:
    """All feeds that were pulled, in the order of the mission file."""

    feeds: tuple[FeedOutcome, ...]
    notices: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        return any(feed.refused for feed in self.feeds)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
