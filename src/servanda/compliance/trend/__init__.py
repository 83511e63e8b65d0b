"""How a rate moved, for the effort with which it was watched: one ratio, its interval, and when it changed."""

from servanda.compliance.trend.ask import Question, trend_of_feed, trend_of_incidents
from servanda.compliance.trend.settings import TrendSettings

__all__ = ["Question", "TrendSettings", "trend_of_feed", "trend_of_incidents"]
