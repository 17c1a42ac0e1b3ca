"""What every known plugin says of itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dataq_plugins.errors import PluginError
from dataq_plugins.host import Limits, PluginProcess, PluginSpec
from dataq_plugins.registry import destinations, plugins

if TYPE_CHECKING:
    from dataq_plugins.registry import Registered

ANSWER_SECONDS = 10


def plugin_facts() -> list[dict[str, Any]]:
    """Name, origin, version, description, capabilities and settings of each plugin.

    Those of sources by name, then those of destinations, which offer `deliver`.
    """
    known = [each for kind in (plugins(), destinations()) for _, each in sorted(kind.items())]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(facts_of, known))


def facts_of(plugin: Registered) -> dict[str, Any]:
    """What one plugin says; one that fails says why instead."""
    limits = Limits(silence_seconds=ANSWER_SECONDS, run_seconds=ANSWER_SECONDS)
    spec = PluginSpec(plugin.name, plugin.argv, limits=limits)
    facts: dict[str, Any] = {"name": plugin.name, "origin": plugin.origin, "argv": plugin.argv}
    try:
        with PluginProcess(spec, on_log=lambda _level, _line: None) as process:
            told = process.describe()
    except PluginError as error:
        return {**facts, "version": None, "description": f"broken: {error}", "error": str(error)}
    return {
        **facts,
        "version": told.version,
        "description": told.description,
        "capabilities": sorted(told.capabilities),
        "time_basis": told.time_basis,
        "settings": told.config_schema,
    }
