"""Reads what a plugin answers to everything but `extract`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from dataq_plugins.errors import (
    ConfigError,
    OperationFailed,
    PluginCancelled,
    PluginError,
    ProtocolViolated,
    SourceUnreachable,
)
from dataq_plugins.host.spec import Description, Window
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

LEVELS = {
    pb.LEVEL_DEBUG: "debug",
    pb.LEVEL_INFO: "info",
    pb.LEVEL_WARNING: "warning",
    pb.LEVEL_ERROR: "error",
}


def description(message: pb.Plugin) -> Description:
    """Return a plugin's description; raises ProtocolViolated where it has no id or a bad schema."""
    if not message.id:
        raise ProtocolViolated("did not say its id when asked to describe itself")
    try:
        schema = json.loads(message.config_schema or "{}")
    except ValueError as error:
        raise ProtocolViolated(f"described its settings in what is no JSON: {error}") from None
    if not isinstance(schema, dict):
        raise ProtocolViolated("described its settings in what is no JSON object")
    if message.rows not in ("", "json", "arrow"):
        raise ProtocolViolated(f"takes rows as {message.rows!r}; there are json and arrow")
    return Description(
        message.id,
        message.name or message.id,
        message.description,
        message.version,
        schema,
        message.time_basis,
        frozenset(message.capabilities),
        message.rows or "json",
    )


def window(message: pb.Window) -> Window:
    """Return a reported window; raises ProtocolViolated where it is empty or backwards."""
    if message.end <= message.start:
        raise ProtocolViolated(f"reported a window from {message.start} to {message.end}")
    items = message.items if message.HasField("items") else None
    return Window(message.start, message.end, items)


def failure(response: pb.PluginResponse) -> PluginError | None:
    """Return the error that a response reports, if it does."""
    if not response.error and not response.error_code:
        return None
    reason = response.error or "failed without saying why"
    match response.error_code:
        case pb.ERROR_CODE_CONFIG:
            return ConfigError(reason, setting=response.error_setting)
        case pb.ERROR_CODE_UNREACHABLE:
            return SourceUnreachable(reason)
        case pb.ERROR_CODE_CANCELLED:
            return PluginCancelled(reason)
        case _:
            return OperationFailed(reason)


def secret_settings(description: Description) -> list[str]:
    """Return the names of the settings that are secret (`writeOnly` in the schema)."""
    properties = description.config_schema.get("properties")
    if not isinstance(properties, Mapping):
        return []
    return [n for n, s in properties.items() if isinstance(s, Mapping) and s.get("writeOnly")]
