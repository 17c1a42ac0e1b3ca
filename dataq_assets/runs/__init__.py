"""What `dataq run` does: every source that has news, then everything that follows from it."""

from dataq_assets.runs.outcome import Failure, Outcome
from dataq_assets.runs.running import check, run

__all__ = ["Failure", "Outcome", "check", "run"]
