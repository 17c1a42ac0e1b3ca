"""What can go wrong around the lake and its sources, named by what the caller should do."""

from __future__ import annotations

from pathlib import Path

KIND = "error"
"""Of the metadata of a failed step: the class of what failed."""


class ResourceError(Exception):
    """Any refusal; its message says what was wrong, where, and what to do."""


class FixFile(ResourceError):
    """A file of settings is wrong: the message names file, line and setting."""

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        place = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {reason}")
        self.path = path
        self.reason = reason
        self.line = line


class FixSource(FixFile):
    """A source's defs.yaml is wrong."""


class FixDestination(FixFile):
    """A destination's file is wrong."""


class SourceExists(ResourceError):
    """There is a source of this name already: remove it first, or choose another name."""


class UnknownSource(ResourceError):
    """No source has this name."""


class DestinationExists(ResourceError):
    """There is a destination of this name already: remove it first, or choose another name."""


class UnknownDestination(ResourceError):
    """No destination has this name."""


class JobExists(ResourceError):
    """There is a job of this name already: update it, or choose another name."""


class UnknownJob(ResourceError):
    """No job has this name."""


class UnknownTask(ResourceError):
    """No task has this id."""


class Busy(ResourceError):
    """Another process holds the lock: try again when it is done."""


class FixScope(ResourceError):
    """It is not clear what is meant to be derived again: the message says what to name."""


class UnknownAnalyzer(ResourceError):
    """No analyzer has this name, and none of this name has read anything."""


class UnknownWindow(ResourceError):
    """A source has no such window: the message says what they look like."""


class FixSetting(ResourceError):
    """A setting of the environment is wrong: the message names it."""


class DatabaseAway(ResourceError):
    """The database of jobs and tasks does not answer: try again later."""


class KeyReused(ResourceError):
    """An idempotency key came with another request before: take a new key."""


class Overloaded(ResourceError):
    """As many tasks wait as may: try again later."""


class TaskEnded(ResourceError):
    """The task has ended, so there is nothing to cancel."""
