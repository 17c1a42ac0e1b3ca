"""Asks the plugins of sources whether they can work, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dataq_gateway.errors import NotFound
from dataq_gateway.probe import reach
from dataq_plugins.errors import PluginError, UnknownPlugin
from dataq_resources.home import home_from_environment
from dataq_resources.sources import SourceConfig, read_sources


def check_sources(names: Sequence[str]) -> list[dict[str, Any]]:
    """Name and error (None: all is well) of each source; raises NotFound for an unknown name."""
    found = read_sources(home_from_environment())
    broken = {error.path.parent.name: str(error) for error in found.broken}
    good = {source.name: source for source in found.good}
    for name in names:
        if name not in good and name not in broken:
            known = ", ".join(sorted(good | broken)) or "none"
            raise NotFound(f"no source is called {name!r}", do=f"there is {known}")
    chosen = sorted(names or good | broken)
    with ThreadPoolExecutor(max_workers=8) as pool:
        errors = pool.map(lambda name: broken.get(name) or error_of(good[name]), chosen)
        return [{"name": name, "error": error} for name, error in zip(chosen, errors, strict=True)]


def error_of(source: SourceConfig) -> str | None:
    """Why the source cannot be used now, or None."""
    if source.protocol == "plain":  # nothing to ask: it would extract
        return None
    try:
        reach(source)
    except (PluginError, UnknownPlugin) as error:
        return str(error)
    return None
