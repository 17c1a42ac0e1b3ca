"""What starts a source's runs, as its defs.yaml says: changes, the clock, and backfills."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from dataq_resources.cron import checked_cron, checked_timezone

DAY = 86_400
LONGEST_LOOK = 25
MOST_RETRIES = 5
LONGEST_RETRY = 60


class ChangesSetting(BaseModel):
    """How often the source is asked what has changed; `changes: off` for never."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    every: int = 60
    """Seconds between two looks."""
    seconds: float = 20
    """How long a plugin may think about it; Dagster ends a look after a minute."""
    watch: bool = False
    """Have the plugin wait for changes meanwhile, if it can: a look that would find nothing is
    left out."""

    @model_validator(mode="before")
    @classmethod
    def _switch(cls, given: Any) -> Any:
        # YAML reads off as false and on as true.
        return {"enabled": given} if isinstance(given, bool) else given

    # Dagster's components take no bounds in a field's type.
    @field_validator("every")
    @classmethod
    def _every(cls, every: int) -> int:
        if not 5 <= every <= DAY:
            raise ValueError(f"write seconds from 5 to {DAY}")
        return every

    @field_validator("seconds")
    @classmethod
    def _seconds(cls, seconds: float) -> float:
        if not 0 < seconds <= LONGEST_LOOK:
            raise ValueError(f"write seconds, at most {LONGEST_LOOK}")
        return seconds


class RetrySetting(BaseModel):
    """How often an extraction is tried again within its run; `retries: off` for never."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    times: int = 2
    seconds: float = 10
    """Before the first; 3 and 7 times as long before the next ones, less or more by up to this."""

    @model_validator(mode="before")
    @classmethod
    def _switch(cls, given: Any) -> Any:
        return ({} if given else {"times": 0}) if isinstance(given, bool) else given

    @field_validator("times")
    @classmethod
    def _times(cls, times: int) -> int:
        if not 0 <= times <= MOST_RETRIES:
            raise ValueError(f"write how often, at most {MOST_RETRIES}")
        return times

    @field_validator("seconds")
    @classmethod
    def _seconds(cls, seconds: float) -> float:
        if not 0 < seconds <= LONGEST_RETRY:
            raise ValueError(f"write seconds, at most {LONGEST_RETRY}")
        return seconds


class ClockSetting(BaseModel):
    """When a schedule fires; `full` asks the source also for what it has sent before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cron: str
    timezone: str = "UTC"
    full: bool = False

    @field_validator("cron")
    @classmethod
    def _cron(cls, cron: str) -> str:
        return checked_cron(cron)

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, name: str) -> str:
        return checked_timezone(name)


class BackfillSetting(ClockSetting):
    """A range of windows that is asked for again as one run."""

    windows: int
    """How many, the current one and those before it."""
    full: bool = True

    @field_validator("windows")
    @classmethod
    def _windows(cls, windows: int) -> int:
        if windows < 1:
            raise ValueError("write how many windows, at least 1")
        return windows
