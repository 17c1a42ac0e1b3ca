"""How long to wait before the next try."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def backoff(attempt: int, first: float, most: float) -> float:
    """Seconds after the `attempt`-th try (from 1): a random part of first × 2^(attempt-1).

    Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0, min(most, first * 2 ** min(attempt - 1, 32)))  # noqa: S311


def retry_after(value: str | None, now: datetime | None = None) -> float:
    """The seconds that a Retry-After header asks for, as a number or a date; 0 if it asks nothing.

    RFC 9110, 10.2.3.
    """
    if not value:
        return 0
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0, (until - (now or datetime.now(UTC))).total_seconds())
