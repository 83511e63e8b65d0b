"""Fetching: what ``servanda pull`` does."""

from servanda.mission.pull.errors import PullBusy
from servanda.mission.pull.outcome import FeedOutcome, PullOutcome
from servanda.mission.pull.pulling import pull

__all__ = ["FeedOutcome", "PullBusy", "PullOutcome", "pull"]
