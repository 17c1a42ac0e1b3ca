"""A plugin as the rest of DataQ sees it: a context manager with one method an operation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from dataq_plugins.errors import (
    ConfigError,
    LimitExceeded,
    OperationFailed,
    PluginCancelled,
    PluginCrashed,
    PluginError,
    ProtocolViolated,
    SourceUnreachable,
)
from dataq_plugins.host import plain
from dataq_plugins.host.bulk import Bulk
from dataq_plugins.host.connection import Connection
from dataq_plugins.host.environment import plugin_environment
from dataq_plugins.host.item import Batch, BlobSink
from dataq_plugins.host.logs import LEVELS, OnLog, to_logging
from dataq_plugins.host.receive import BadItem, Receiver, TooBig
from dataq_plugins.host.secrets import Redactor, resolve_config
from dataq_plugins.host.spec import Description, Discovery, Granularity, PluginSpec, Window
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

REASON_LIMIT = 1000


class PluginProcess:
    """One source's plugin, started on entry; when the block ends, so has all that it started.

    Not for two threads at a time, save for `cancel`; any number of them run side by side.
    Every method raises a PluginError that names source, plugin, operation and last item.
    """

    def __init__(self, spec: PluginSpec, on_log: OnLog | None = None) -> None:
        self._spec = spec
        self._on_log = on_log or to_logging(spec.source)
        self._connection: Connection | None = None
        self._description: Description | None = None
        self._redact = Redactor()
        self._config: dict[str, str] = {}
        self._last_item: str | None = None
        self._request_id = 0
        self._cancelled = False
        self._broken = False

    def __enter__(self) -> Self:
        with self._blaming("start"):
            self._config, self._redact = resolve_config(self._spec.config)
            if self._spec.protocol == "v1":
                self._connection = self._connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._disconnect(kill=kind is not None)

    def describe(self) -> Description:
        """Return what the plugin says of itself; asked once."""
        if self._description is None:
            with self._blaming("describe"):
                self._description = self._ask_description()
                self._redact.add(self._secrets(self._description))
        return self._description

    def configure(self) -> None:
        """Have the plugin check its settings; raises ConfigError naming the one that is wrong."""
        if self._spec.protocol == "v1":
            with self._blaming("configure"):
                for _ in self._answer(self._request("configure")):
                    pass

    def check(self) -> None:
        """Have the plugin reach its source; raises SourceUnreachable."""
        if "check" in self.describe().capabilities:
            with self._blaming("check"):
                for _ in self._answer(self._request("check")):
                    pass

    def discover(self, state: bytes | None, granularity: Granularity) -> Discovery:
        """Return the windows that changed since `state`; a plugin that cannot tell: none, incomplete."""
        if "discover" not in self.describe().capabilities:
            return Discovery([], complete=False)
        request = self._request("discover", state=state or b"", granularity=granularity)
        windows: set[Window] = set()
        complete = False
        with self._blaming("discover"):
            for response in self._answer(request):
                windows.update(map(_window, response.windows))
                complete = complete or response.complete
        return Discovery(sorted(windows), complete)

    def extract(
        self,
        window: Window | None = None,
        state: bytes | None = None,
        full: bool = False,
        blobs: BlobSink | None = None,
    ) -> Iterator[Batch]:
        """Yield the items of a window (None: all), one batch a message, as they arrive.

        Content over 256 KiB is in `blobs`, if given. Leaving the loop early ends the plugin.
        """
        plain_ = self._spec.protocol == "plain"
        plugin_id = "" if plain_ else self.describe().id
        receiver = Receiver(plugin_id, self._spec.limits, blobs)
        with self._blaming("extract", receiver):
            try:
                if plain_:
                    yield from self._extract_plain(receiver, state)
                else:
                    yield from self._extract(receiver, window, state, full)
                receiver.finish()
            except BadItem as error:
                raise ProtocolViolated(f"broke the protocol: {error}") from None
            except TooBig as error:
                raise LimitExceeded(f"{error} (item_bytes)") from None
            finally:
                receiver.abort()

    def cancel(self) -> None:
        """End what runs, from any thread; the operation then raises PluginCancelled."""
        self._cancelled = True
        if self._connection:
            self._connection.cancel()

    def _extract(
        self, receiver: Receiver, window: Window | None, state: bytes | None, full: bool
    ) -> Iterator[Batch]:
        request = self._request("extract", state=state or b"", full=full)
        if window:
            request.window.start, request.window.end = window.start, window.end
        for response, bulk in self._messages(request):
            batch = receiver.batch(response, bulk)
            if batch.items or batch.state is not None:
                yield batch

    def _extract_plain(self, receiver: Receiver, state: bytes | None) -> Iterator[Batch]:
        self._connection = self._connect()
        request = plain.request(self._spec.source, self._config, state)
        self._connection.send(request)
        self._connection.finish_requests()
        tokens = plain.Tokens()
        while (received := self._connection.receive()) is not None:
            response, bulk = received
            batch = receiver.batch(response, bulk)
            batch.state = tokens.take(batch.items)
            if batch.items:
                yield batch
            if response.error:
                raise self._error(response)
        error = self._connection.exit_error()
        self._disconnect()
        if error:
            raise error

    def _request(self, operation: str, **fields: Any) -> pb.PluginRequest:
        self._request_id += 1
        limits = self._spec.limits
        return pb.PluginRequest(
            plugin_id=self._description.id if self._description else "",
            config=self._config if operation != "describe" else {},
            operation=operation,
            request_id=self._request_id,
            max_frame_bytes=limits.frame_bytes,
            max_chunk_bytes=limits.chunk_bytes,
            **fields,
        )

    def _answer(self, request: pb.PluginRequest) -> Iterator[pb.PluginResponse]:
        return (response for response, _ in self._messages(request))

    def _messages(
        self, request: pb.PluginRequest
    ) -> Iterator[tuple[pb.PluginResponse, Bulk | None]]:
        """Send a request and yield its responses until the last; raises what the plugin reports."""
        connection = self._running()
        connection.begin()
        connection.send(request)
        while True:
            received = connection.receive()
            if received is None:
                raise connection.ended()
            response, _ = received
            if response.request_id != request.request_id:
                raise ProtocolViolated(
                    f"answered request {response.request_id}, was asked {request.request_id}"
                )
            for log in response.logs:
                self._log(log)
            yield received
            if response.error or response.error_code:
                raise self._error(response)
            if response.done:
                return

    def _running(self) -> Connection:
        if self._cancelled:
            raise PluginCancelled("was cancelled")
        if self._connection is None or self._broken:
            raise PluginCrashed("is not running: it failed before, or was never started")
        return self._connection

    def _connect(self) -> Connection:
        if self._cancelled:
            raise PluginCancelled("was cancelled")
        try:
            return Connection(
                self._spec.argv,
                plugin_environment(self._spec.environment),
                self._spec.limits,
                self._on_log,
                self._redact,
            )
        except OSError as error:
            raise PluginCrashed(f"could not be started: {error}") from None

    def _disconnect(self, *, kill: bool = False) -> None:
        if self._connection:
            self._connection.close(kill=kill or self._broken or self._cancelled)
        self._connection = None

    def _ask_description(self) -> Description:
        if self._spec.protocol == "plain":
            return plain.description(self._spec.source)
        told = [r.description for r in self._answer(self._request("describe")) if r.description.id]
        if not told:
            raise ProtocolViolated("did not say its id when asked to describe itself")
        return _description(told[-1])

    def _secrets(self, description: Description) -> list[str]:
        properties = description.config_schema.get("properties")
        if not isinstance(properties, dict):
            return []
        secret = [n for n, s in properties.items() if isinstance(s, dict) and s.get("writeOnly")]
        return [self._config[name] for name in secret if name in self._config]

    def _log(self, log: pb.Log) -> None:
        name = pb.Level.Name(log.level).removeprefix("LEVEL_") if log.level in range(5) else ""
        line = " ".join(self._redact(log.message).split())
        self._on_log(LEVELS.get(name, "info"), line)

    def _error(self, response: pb.PluginResponse) -> PluginError:
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

    @contextmanager
    def _blaming(self, operation: str, receiver: Receiver | None = None) -> Iterator[None]:
        """Complete an error with who, when and what was last; a broken plugin is ended at once."""
        try:
            yield
        except PluginError as error:
            error.source = self._spec.source
            error.plugin = self._description.id if self._description else self._spec.argv[-1]
            error.operation = operation
            error.last_item = receiver.last_item if receiver else None
            error.reason = self._redact(error.reason)[:REASON_LIMIT]
            if not isinstance(error, OperationFailed):
                self._end_broken()
            raise
        except BaseException:
            self._end_broken()
            raise

    def _end_broken(self) -> None:
        self._broken = True
        self._disconnect(kill=True)


def _window(message: pb.Window) -> Window:
    if message.end <= message.start:
        raise ProtocolViolated(f"reported a window that ends before it starts: {message.start}")
    items = message.items if message.HasField("items") else None
    return Window(message.start, message.end, items)


def _description(message: pb.Plugin) -> Description:
    try:
        schema = json.loads(message.config_schema or "{}")
    except ValueError as error:
        raise ProtocolViolated(f"its config_schema is no JSON: {error}") from None
    if not isinstance(schema, dict):
        raise ProtocolViolated("its config_schema is no JSON object")
    return Description(
        message.id,
        message.name or message.id,
        message.description,
        message.version,
        schema,
        message.time_basis,
        frozenset(message.capabilities),
    )
