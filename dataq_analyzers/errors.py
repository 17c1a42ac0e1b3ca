"""What can go wrong with one content, named by what the caller should do about it."""

from __future__ import annotations


class AnalyzerError(Exception):
    """Anything an analyzer or a container reader says about one content."""


class SkipContent(AnalyzerError):
    """The content can never be read as its type: remember the failure, do not try again."""


class ToolMissing(AnalyzerError):
    """A library or model is absent: do not remember, try again once it is installed."""


class PoolBroken(Exception):
    """Worker processes cannot be started or cannot import the function: stop the run."""
