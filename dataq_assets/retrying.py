"""What a source's failure means to its run: tried again after a while, or failed.

Not an op's retry policy as such: with one, Dagster would also begin a step again that somebody has
interrupted, and one whose settings are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from dataq_plugins.errors import (
    ConfigError,
    OperationFailed,
    PluginCrashed,
    PluginError,
    PluginSilent,
)
from dataq_resources.triggers import RetrySetting

PASSING = (OperationFailed, PluginCrashed, PluginSilent)
IMPATIENT = {"dataq/retries": "off"}
"""The tag of runs that somebody waits for in a terminal."""


def retry_of(
    error: PluginError, setting: RetrySetting, retries: int, tags: Mapping[str, str]
) -> dg.RetryRequested | None:
    """The next attempt in the run with these tags, whose step was tried again so many times."""
    passing = isinstance(error, PASSING) and not isinstance(error, ConfigError)
    waited_for = tags.items() >= IMPATIENT.items()
    if waited_for or not passing or retries >= setting.times:
        return None
    return dg.RetryRequested(setting.times, policy(setting).calculate_delay(retries + 1))


def policy(setting: RetrySetting) -> dg.RetryPolicy:
    """The setting in Dagster's terms: 1, 3, 7 … times the delay, less or more by up to one."""
    return dg.RetryPolicy(
        max_retries=setting.times,
        delay=setting.seconds,
        backoff=dg.Backoff.EXPONENTIAL,
        jitter=dg.Jitter.PLUS_MINUS,
    )
