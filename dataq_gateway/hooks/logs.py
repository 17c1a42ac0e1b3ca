"""What the server does, one JSON object a line on standard error; no bodies, no secrets."""

from __future__ import annotations

import sys

import structlog
from structlog.typing import FilteringBoundLogger


def json_log() -> FilteringBoundLogger:
    """A log whose lines have time (UTC), level, event, and what belongs to it."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        cache_logger_on_first_use=True,
    )
    return log
