"""Finds plugins by name: built-in ones by their folder, and those other packages announce."""

from __future__ import annotations

import difflib
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from dataq_plugins.errors import UnknownPlugin

GROUP = "dataq.plugins"
DESTINATIONS_GROUP = "dataq.destinations"
# -P: `-m` would else import from the current folder first, whatever lies there.
PYTHON = (sys.executable, "-P", "-m")


@dataclass(frozen=True)
class Registered:
    """A plugin that can be named; `origin` is "built-in" or the package that brings it."""

    name: str
    argv: tuple[str, ...]
    origin: str


@cache
def plugins() -> dict[str, Registered]:
    """Return every known source plugin by name; a built-in one wins over a foreign one of its name.

    An entry point of the group `dataq.plugins` is `name = "module:PluginClass"`, or
    `name = "module"` where the module serves its plugin when run with `python -m`.
    """
    return {plugin.name: plugin for plugin in (*_announced(GROUP), *_built_in("sources"))}


@cache
def destinations() -> dict[str, Registered]:
    """Return every known destination plugin by name; entry points `dataq.destinations` likewise."""
    found = (*_announced(DESTINATIONS_GROUP), *_built_in("destinations"))
    return {plugin.name: plugin for plugin in found}


def find(name: str) -> Registered:
    """Return the source plugin of this name; raises UnknownPlugin, which lists what is near."""
    return _found(name, plugins())


def find_destination(name: str) -> Registered:
    """Return the destination plugin of this name; raises UnknownPlugin likewise."""
    return _found(name, destinations())


def _found(name: str, known: dict[str, Registered]) -> Registered:
    if name not in known:
        near = difflib.get_close_matches(name, known, 3) or sorted(known)
        raise UnknownPlugin(f"no plugin is called {name!r}; there is {', '.join(near) or 'none'}")
    return known[name]


def argv_for(name: str) -> tuple[str, ...]:
    """Return the command of the plugin of this name; raises UnknownPlugin."""
    return find(name).argv


def _built_in(kind: str) -> Iterator[Registered]:
    folder = str(Path(__file__).with_name(kind))
    for module in pkgutil.iter_modules([folder]):
        if not module.name.startswith("_"):
            argv = (*PYTHON, f"dataq_plugins.{kind}.{module.name}")
            yield Registered(module.name, argv, "built-in")


def _announced(group: str) -> Iterator[Registered]:
    for point in entry_points(group=group):
        command = ("dataq_plugins.run", point.value) if point.attr else (point.module,)
        yield Registered(point.name, (*PYTHON, *command), point.dist.name if point.dist else "?")
