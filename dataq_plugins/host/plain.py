"""Plugins that know only the six original fields: one process an extraction, state in metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping

from dataq_plugins.errors import ProtocolViolated
from dataq_plugins.host.item import Item
from dataq_plugins.host.spec import Description
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

TOKEN = "page_token"  # noqa: S105 (a place in a list, no password)
PREFIX = "state."
"""Metadata of this name, or with this prefix, is the plugin's state and no part of the item."""


def request(source: str, config: Mapping[str, str], state: bytes | None) -> pb.PluginRequest:
    """Return the one request of an extraction: the settings with the last state among them."""
    return pb.PluginRequest(
        plugin_id=source, config={**config, **_read(state)}, operation="extract"
    )


def description(source: str) -> Description:
    """Return what can be said of a plugin that cannot describe itself."""
    return Description(source, source, "", "", {}, "", frozenset({"extract"}))


class Tokens:
    """Takes the state out of the items' metadata; the last value of each name counts."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def take(self, items: list[Item]) -> bytes | None:
        """Return the state after these items (JSON, for us alone), None where it is unchanged."""
        before = dict(self._tokens)
        for item in items:
            for name in [n for n in item.metadata if n == TOKEN or n.startswith(PREFIX)]:
                self._tokens[name] = item.metadata.pop(name)
        if self._tokens == before:
            return None
        return json.dumps(self._tokens, sort_keys=True).encode()


def _read(state: bytes | None) -> dict[str, str]:
    if not state:
        return {}
    try:
        return {str(name): str(value) for name, value in json.loads(state).items()}
    except (ValueError, AttributeError):
        raise ProtocolViolated("its stored state is not of a plain plugin; reset it") from None
