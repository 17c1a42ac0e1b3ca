"""Looks at every byte of a lake: what is not as it was written, and what could mend it."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Literal

from dataq_assets.stages import deep
from dataq_assets.stages.telling import Tell, silent
from dataq_lake.interface import LakeTable
from dataq_lake.lake import Lake

Remedy = Literal["derive", "publish", "fetch", "none"]
"""derive: the table anew. publish: the index anew. fetch: the blob again. none: by a person."""


@dataclass(frozen=True)
class Finding:
    """One thing in the lake that is not as it should be, in one line; `target` is what to mend.

    `target` is a table for derive, a snapshot's folder for publish, a blob for fetch.
    """

    check: str
    place: str
    reason: str
    remedy: Remedy = "none"
    target: str = ""
    advice: str = ""
    """What a person can do where DataQ cannot."""


@dataclass
class Look:
    """One look at a lake; `unreadable` are the tables that later checks leave alone."""

    lake: Lake
    tell: Tell = silent
    unreadable: set[str] = field(default_factory=set)

    def handles(self, *names: str) -> list[LakeTable]:
        """The tables of these names that exist and can be read; `raw` is that of every source."""
        found = [each for name in names for each in self._named(name)]
        return [self.lake.table(each) for each in found if self._is_readable(each)]

    def whole(self, *names: str) -> bool:
        """Whether none of these tables is damaged: otherwise what refers to them cannot be told."""
        return not any(each in self.unreadable for name in names for each in self._named(name))

    def _named(self, name: str) -> list[str]:
        if name != "raw":
            return [name]
        return [each for each in self.lake.stored() if each.startswith("raw_")]

    def _is_readable(self, name: str) -> bool:
        return name not in self.unreadable and self.lake.table(name).exists


RECORDS = ("plugin_state", "deliveries", "reprocessings", "collection_names", "manual_tags")


@dataclass(frozen=True)
class DeepCheck:
    """One thing to look for; `unit` is what its progress counts."""

    name: str
    doc: str
    unit: str
    findings: Callable[[Look], Iterator[Finding]]


@cache
def deep_checks() -> tuple[DeepCheck, ...]:
    """Every file of the folder; those that say FIRST come first, then by name."""
    found = []
    for info in pkgutil.iter_modules(deep.__path__):
        module = import_module(f"{deep.__name__}.{info.name}")
        check = DeepCheck(info.name, (module.__doc__ or "").strip(), module.UNIT, module.findings)
        found.append((not getattr(module, "FIRST", False), info.name, check))
    return tuple(check for _, _, check in sorted(found, key=lambda each: each[:2]))


def look(lake: Lake, tell: Tell = silent, checks: Iterable[DeepCheck] = ()) -> Iterator[Finding]:
    """What is wrong, as it is found; what cannot be read is named once and left alone after.

    Raises VersionGone where a table is cleaned up under it, which is no damage: look again.
    """
    at = Look(lake, tell)
    for check in checks or deep_checks():
        with lake.reading():
            yield from check.findings(at)


def remedy_for(table: str) -> tuple[Remedy, str]:
    """How a table's rows can be had again: derived, or, of what came or was done, not at all."""
    if table.startswith("raw_") or table in RECORDS:
        return "none", ""
    return "derive", table
