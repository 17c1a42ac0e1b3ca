"""What the server does, one JSON object a line on standard error; no bodies, no secrets."""

from __future__ import annotations

import logging
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
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        cache_logger_on_first_use=True,
    )
    return log


def take_in(log: FilteringBoundLogger) -> None:
    """Has warnings of libraries, uvicorn's for one, come as lines of the same kind."""
    logging.basicConfig(handlers=[_Forward(log)], level=logging.WARNING, force=True)


class _Forward(logging.Handler):
    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        level = min(record.levelno, logging.ERROR)
        self._log.log(level, "library", logger=record.name, reason=record.getMessage())
