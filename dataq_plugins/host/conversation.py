"""What is said between us and one plugin: requests by number, and the answers to each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataq_plugins.errors import PluginCancelled, PluginCrashed, ProtocolViolated
from dataq_plugins.host import answers
from dataq_plugins.host.connection import Connection, Received
from dataq_plugins.host.environment import plugin_environment
from dataq_plugins.host.logs import OnLog
from dataq_plugins.host.secrets import Redactor, resolve_config
from dataq_plugins.host.spec import Description, PluginSpec
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb


class Conversation:
    """Reaches a plugin that runs; every method raises PluginError, with the reason alone."""

    def __init__(self, spec: PluginSpec, on_log: OnLog) -> None:
        self._spec = spec
        self._on_log = on_log
        self._connection: Connection | None = None
        self._plugin_id = ""
        self._request_id = 0
        self._cancelled = False
        self.redact = Redactor()
        """Takes secrets out of what the plugin says."""
        self.config: dict[str, str] = {}
        """The settings, with the secrets that they refer to."""

    def resolve(self) -> None:
        """Look up what the settings refer to; raises ConfigError."""
        self.config, self.redact = resolve_config(self._spec.config)

    def learn(self, description: Description) -> None:
        """Told what the plugin says of itself: its id, and which settings are secrets."""
        self._plugin_id = description.id
        secrets = answers.secret_settings(description)
        self.redact.add(self.config[name] for name in secrets if name in self.config)

    def connect(self) -> Connection:
        """Start the plugin, in place of one that runs."""
        if self._cancelled:
            raise PluginCancelled("was cancelled")
        self.disconnect(kill=True)  # of a plain plugin, or of a second `with`
        environment = plugin_environment(self._spec.environment)
        self._connection = Connection(
            self._spec.argv, environment, self._spec.limits, self._on_log, self.redact
        )
        return self._connection

    def disconnect(self, *, kill: bool = False) -> None:
        """End the plugin, if it runs."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close(kill=kill or self._cancelled)

    def finish(self) -> None:
        """Ask nothing more, so that it ends by itself."""
        if self._connection:
            self._connection.finish_requests()

    def cancel(self) -> None:
        """End what runs, from any thread."""
        self._cancelled = True
        if connection := self._connection:
            connection.cancel()

    def request(self, operation: str, **fields: Any) -> pb.PluginRequest:
        """Return the next request, to be sent."""
        self._request_id += 1
        return pb.PluginRequest(
            plugin_id=self._plugin_id,
            config=self.config if operation != "describe" else {},
            operation=operation,
            request_id=self._request_id,
            max_frame_bytes=self._spec.limits.frame_bytes,
            max_chunk_bytes=self._spec.limits.chunk_bytes,
            **fields,
        )

    def ask(self, request: pb.PluginRequest) -> Iterator[Received]:
        """Send a request and yield its responses until the last; raises what the plugin reports."""
        self.begin(request)
        yield from self.answered(request)

    def begin(self, request: pb.PluginRequest) -> None:
        """Send a request whose answers are asked for later, in order."""
        connection = self._connected()
        connection.begin()
        connection.send(request)

    def answered(self, request: pb.PluginRequest) -> Iterator[Received]:
        """Yield the responses to a request that was sent."""
        connection = self._connected()
        while received := connection.receive():
            response = received[0]
            if response.request_id != request.request_id:
                raise ProtocolViolated(
                    f"answered request {response.request_id}, was asked {request.request_id}"
                )
            self._forward(response)
            yield received
            if error := answers.failure(response):
                raise error
            if response.done:
                return
        raise connection.ended()

    def _connected(self) -> Connection:
        if self._cancelled:
            raise PluginCancelled("was cancelled")
        if self._connection is None:
            raise PluginCrashed("is not running: it failed before, or was never started")
        return self._connection

    def _forward(self, response: pb.PluginResponse) -> None:
        for log in response.logs:
            line = " ".join(self.redact(log.message).split())
            self._on_log(answers.LEVELS.get(log.level, "info"), line)
