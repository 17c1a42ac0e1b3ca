"""Finds the analyzer of a media type: each module in kinds/ has one as its `ANALYZER`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from dataq_analyzers import kinds
from dataq_analyzers.interface import Analyzer


@cache
def analyzers() -> tuple[Analyzer, ...]:
    """All analyzers, by the name of their file."""
    modules = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    found = [import_module(f"{kinds.__name__}.{name}") for name in modules]
    return tuple(module.ANALYZER for module in found if hasattr(module, "ANALYZER"))


@cache
def _by_media_type() -> dict[str, Analyzer]:
    found: dict[str, Analyzer] = {}
    for analyzer in analyzers():
        for media_type in analyzer.media_types:
            if media_type in found:
                other = found[media_type].name
                raise ValueError(f"{media_type} is claimed by both {other} and {analyzer.name}")
            found[media_type] = analyzer
    return found


def analyzer_for(media_type: str, name: str = "") -> Analyzer | None:  # noqa: ARG001
    """The analyzer of a detected type, or None where nothing reads it.

    The exact type counts before its suffix ("*+json"), and that before its family ("text/*").
    """
    known = _by_media_type()
    family, _, subtype = media_type.partition("/")
    suffix = subtype.rpartition("+")[2]
    return known.get(media_type) or known.get(f"*+{suffix}") or known.get(f"{family}/*")
