"""One mission folder from sources to report: ``run`` does the whole job and is safe to repeat."""

from servanda.mission.pipeline import Outcome, run, run_mission

__all__ = ["Outcome", "run", "run_mission"]
