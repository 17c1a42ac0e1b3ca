"""Makes files look old: by their time on disk, by what the store tells of them elsewhere."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dataq_lake.lake import Lake
from dataq_lake.location import Location
from dataq_lake.objects import path as paths
from dataq_lake.objects.path import ObjectFacts, ObjectPath

DAY = 86_400


def below(place: Location) -> list[Location]:
    """Every file below a place."""
    if isinstance(place, ObjectPath):
        return list(place.below())
    return [path for path in place.rglob("*") if path.is_file()]


def aged(lake: Lake, days: int = 200) -> None:
    """Makes every file look old that is there now."""
    for path in below(lake.root):
        age(path, days)


def age(path: Location, days: int = 200) -> None:
    """Makes one file look `days` old, until somebody writes it again."""
    if isinstance(path, Path):
        old = time.time() - days * DAY
        os.utime(path, (old, old))
        return
    told = path.look()
    _shifts[path.key] = (told.e_tag, told.st_mtime, days * DAY)
    if not _patched:
        _patched.append(pytest.MonkeyPatch())
        real = paths._facts
        _patched[0].setattr(paths, "_facts", lambda meta: _shifted(real(meta), meta["path"]))


def forget() -> None:
    """Ends what `age` has begun."""
    _shifts.clear()
    while _patched:
        _patched.pop().undo()


_shifts: dict[str, tuple[str, float, float]] = {}
_patched: list[pytest.MonkeyPatch] = []


def _shifted(facts: ObjectFacts, key: str) -> ObjectFacts:
    e_tag, time_, seconds = _shifts.get(key, ("", 0.0, 0.0))
    same = facts.e_tag == e_tag and int(facts.st_mtime) == int(time_)
    return replace(facts, st_mtime=facts.st_mtime - seconds) if same else facts
