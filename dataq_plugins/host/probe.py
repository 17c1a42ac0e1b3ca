"""Finds out, once, which way of serving a command speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from dataq_plugins.errors import PluginCrashed, PluginError, PluginSilent, ProtocolViolated
from dataq_plugins.host.connection import Connection
from dataq_plugins.host.environment import plugin_environment
from dataq_plugins.host.logs import to_logging
from dataq_plugins.host.secrets import resolve_config
from dataq_plugins.host.spec import Limits, Protocol
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

PATIENCE = (2.0, 15.0)
"""Seconds until a plugin that says nothing is taken to wait for the end of its input.

The second time is for one that then ends without a word: it may have been slow to load.
"""


def probe(
    argv: Sequence[str],
    config: Mapping[str, str],
    limits: Limits | None = None,
    environment: Sequence[str] = (),
    patience: Sequence[float] = PATIENCE,
) -> Protocol:
    """Return "v1" for a command that answers what it is asked, "plain" for one that sends items.

    A plain plugin ignores the question and begins to extract: it is ended at its first message,
    and runs for half a minute at most. Raises PluginError where it is neither.
    """
    resolved, redact = resolve_config(config)
    bounded = limits or Limits(run_seconds=30, silence_seconds=30)
    for seconds in patience:
        connection = Connection(
            argv, plugin_environment(environment), bounded, to_logging("probe"), redact
        )
        try:
            if found := _ask(connection, resolved, bounded, seconds):
                return found
        except PluginError as error:
            error.plugin, error.operation = argv[-1], "probe"
            error.reason = redact(error.reason)
            error.args = (error.reason,)
            raise
        finally:
            connection.close(kill=True)
    return "plain"


def _ask(
    connection: Connection, config: Mapping[str, str], limits: Limits, patience: float
) -> Protocol | None:
    """What it speaks; None if it ended without a word when its input did."""
    # Where one ends before it was asked, what it has said meanwhile tells why.
    with suppress(ProtocolViolated, PluginCrashed):
        connection.send(pb.PluginRequest(operation="describe", config=config, request_id=1))
    connection.limit(replace(limits, silence_seconds=patience))
    silent = False
    try:
        first = connection.receive()
    except PluginSilent:
        silent = True
        connection.limit(limits)
        connection.finish_requests()
        first = connection.receive()
    if first is None:
        if error := connection.exit_error():
            raise error
        return None if silent else "plain"  # it had nothing to send
    # Whoever names the request has read it, even where it only says that it was cancelled.
    return "v1" if first[0].request_id == 1 else "plain"
