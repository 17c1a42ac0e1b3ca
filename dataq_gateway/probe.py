"""Finds out once how a plugin speaks, and whether it can reach its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dataq_plugins.errors import PluginError
    from dataq_plugins.host import Description, PluginSpec

PROBE_SECONDS = 10


@dataclass(frozen=True)
class Probed:
    """How the plugin speaks, and what it says of itself (nothing, if plain)."""

    protocol: Literal["v1", "plain"]
    description: Description


def probe(name: str, argv: tuple[str, ...], config: Mapping[str, str]) -> Probed:
    """Ask the plugin to describe itself; one that cannot is run once, as a plain plugin.

    A plain plugin knows no operation but extraction, so the probe starts one and leaves after the
    first answer or ten seconds. Raises the PluginError of the first try if both fail.
    """
    from dataq_plugins.errors import (
        PluginCrashed,
        PluginError,
        PluginSilent,
        PluginTimedOut,
        ProtocolViolated,
    )
    from dataq_plugins.host import PluginProcess

    try:
        with PluginProcess(spec(name, argv, config), on_log=ignore) as plugin:
            return Probed("v1", plugin.describe())
    except (PluginCrashed, PluginSilent, PluginTimedOut, ProtocolViolated) as first:
        try:
            return run_plain(name, argv, config)
        except PluginError as second:
            raise neither(first, second) from None


def run_plain(name: str, argv: tuple[str, ...], config: Mapping[str, str]) -> Probed:
    """Run a plain plugin until it answers or ends well; raises PluginError if it does neither."""
    from dataq_plugins.host import PluginProcess

    with PluginProcess(spec(name, argv, config, "plain"), on_log=ignore) as plugin:
        next(plugin.extract(), None)
        return Probed("plain", plugin.describe())


def spec(
    name: str,
    argv: tuple[str, ...],
    config: Mapping[str, str],
    protocol: Literal["v1", "plain"] = "v1",
) -> PluginSpec:
    """The plugin with the short limits of a probe."""
    from dataq_plugins.host import Limits, PluginSpec

    limits = Limits(silence_seconds=PROBE_SECONDS, run_seconds=PROBE_SECONDS)
    return PluginSpec(name, argv, config, protocol, limits)


def neither(first: PluginError, second: PluginError) -> PluginError:
    """The first error, with the reason why the second try failed too."""
    if second.reason != first.reason:
        first.reason = f"{first.reason}; and as a plain plugin: {second.reason}"
    return first


def ignore(level: str, line: str) -> None:  # noqa: ARG001 - what a plugin logs while it is probed
    """Drop a log line."""
