"""The loop of a plugin: reads requests, calls the plugin, writes answers, survives its errors."""

from __future__ import annotations

import json
import os
import queue
import select
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dataq_plugins.protocol.framing import decode_varint, keep_freed_memory
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk.destination import Delivery, Destination, Receipt
from dataq_plugins.sdk.output import Cancelled, Output
from dataq_plugins.sdk.plugin import Discovery, Plugin, SettingError, Unreachable, Window
from dataq_plugins.sdk.settings import parse, schema_of


def serve(plugin: type[Plugin[Any]]) -> None:
    """Answer requests on standard input until it closes.

    From here on standard output belongs to the protocol: `print` goes to standard error.
    """
    requests, responses = _take_pipes()
    Server(plugin, requests, responses).run()


def _take_pipes() -> tuple[int, int]:
    requests, responses = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)  # also what a child process of the plugin prints
    sys.stdout = sys.stderr
    return requests, responses


FLUSH_MS = 100


@dataclass
class Task:
    """A request that was read, from then until it is answered."""

    request: pb.PluginRequest
    cancelled: bool = False
    output: Output | None = None

    def cancel(self) -> None:
        """Have it stop; from any thread, and also before it began."""
        self.cancelled = True
        if self.output:
            self.output.cancel()


class Server:
    """One plugin class behind two descriptors."""

    def __init__(self, plugin: type[Plugin[Any]], requests: int, responses: int) -> None:
        self._class = plugin
        self._requests = requests
        self._responses = responses
        self._queue: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._tasks: deque[Task] = deque()  # the first of them is being answered
        self._instance: Plugin[Any] | None = None
        self._config: dict[str, str] | None = None

    def run(self) -> None:
        """Answer until the requests end."""
        keep_freed_memory()
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        while task := self._queue.get():
            self._answer(task)
            self._tasks.popleft()

    def _read(self) -> None:
        """Read in a thread, so that `cancel` and the host's end are seen while the plugin works."""
        try:
            for request in self._requested():
                if request.operation == "cancel":
                    self._cancel()
                else:
                    task = Task(request)
                    self._tasks.append(task)
                    self._queue.put(task)
        finally:
            self._queue.put(None)
            self._cancel()

    def _requested(self) -> Iterator[pb.PluginRequest]:
        """Yield requests as they come; meanwhile send what a slow plugin yielded."""
        data = bytearray()
        ready = select.poll()
        ready.register(self._requests, select.POLLIN)
        while True:
            if not ready.poll(FLUSH_MS if self._tasks else None):
                self._flush_late()
                continue
            piece = os.read(self._requests, 1 << 16)
            if not piece:
                return
            data += piece
            yield from _cut(data)

    def _cancel(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()

    def _flush_late(self) -> None:
        for task in tuple(self._tasks)[:1]:
            if task.output:
                # If the host has gone, the end of the requests follows.
                with suppress(OSError):
                    task.output.flush_late()

    def _answer(self, task: Task) -> None:
        request = task.request
        output = task.output = Output(self._responses, request, self._class.id)
        try:
            if task.cancelled:
                raise Cancelled
            self._operate(request, output)
        except BrokenPipeError:
            return  # the host has gone; so will the requests
        except SettingError as error:
            code = pb.ERROR_CODE_CONFIG
            output.finish(error=str(error), error_code=code, error_setting=error.setting)
        except Unreachable as error:
            output.finish(error=str(error), error_code=pb.ERROR_CODE_UNREACHABLE)
        except Cancelled:
            output.finish(error="was cancelled", error_code=pb.ERROR_CODE_CANCELLED)
        except Exception as error:  # noqa: BLE001 (whatever a plugin's author did: say it, go on)
            import traceback  # every start of a plugin would pay for it

            traceback.print_exc()
            reason = f"{type(error).__name__}: {error}"
            output.finish(error=reason, error_code=pb.ERROR_CODE_FAILED)

    def _operate(self, request: pb.PluginRequest, output: Output) -> None:
        match request.operation:
            case "describe":
                output.finish(description=self._describe())
            case "configure":
                self._plugin(request).configure()
                output.finish()
            case "check":
                self._plugin(request).check()
                output.finish()
            case "discover":
                self._discover(request, output)
            case "extract":
                self._extract(request, output)
            case "watch" if "watch" in self._class.capabilities():
                output.drain(self._plugin(request).watch())
                output.finish()
            case "deliver" if issubclass(self._class, Destination):
                self._deliver(request, output)
            case unknown:
                output.finish(
                    error=f"operation {unknown!r} is unknown to this plugin",
                    error_code=pb.ERROR_CODE_UNKNOWN_OPERATION,
                )

    def _describe(self) -> pb.Plugin:
        plugin = self._class
        return pb.Plugin(
            id=plugin.id,
            name=plugin.name or plugin.id,
            description=plugin.description or _first_line(plugin.__doc__),
            version=plugin.version,
            config_schema=json.dumps(schema_of(plugin.config_type)),
            time_basis=plugin.time_basis,
            capabilities=plugin.capabilities(),
            rows=plugin.rows if issubclass(plugin, Destination) else "",
        )

    def _plugin(self, request: pb.PluginRequest) -> Plugin[Any]:
        """Return the plugin with the request's settings; the last one, if they are the same."""
        config = dict(request.config)
        if self._instance is None or config != self._config:
            self._instance = self._class(parse(self._class.config_type, config))
            self._config = config
        return self._instance

    def _discover(self, request: pb.PluginRequest, output: Output) -> None:
        granularity: Any = request.granularity or "monthly"
        found = self._plugin(request).discover(request.state or None, granularity)
        if not isinstance(found, Discovery):
            found = Discovery(found)
        windows = [pb.Window(start=w.start, end=w.end, items=w.items) for w in found.windows]
        output.finish(windows=windows, complete=found.complete)

    def _extract(self, request: pb.PluginRequest, output: Output) -> None:
        window = None
        if request.HasField("window"):
            window = Window(request.window.start, request.window.end)
        things = self._plugin(request).extract(window, request.state or None, request.full)
        output.drain(things)
        output.finish()

    def _deliver(self, request: pb.PluginRequest, output: Output) -> None:
        plugin = self._plugin(request)
        assert isinstance(plugin, Destination)  # noqa: S101 (or it would not be offered)
        asked = request.delivery
        ids = tuple(asked.row_id)
        delivery = Delivery(asked.id, asked.table, ids, asked.rows, asked.changes)
        for thing in plugin.deliver(delivery):
            if isinstance(thing, Receipt):
                output.finish(receipt=_receipt(delivery.id, thing))
                return
            output.drain([thing])
        raise RuntimeError("deliver ended without saying what became of the rows")


def _receipt(delivery_id: str, receipt: Receipt) -> pb.Receipt:
    return pb.Receipt(
        delivery_id=delivery_id,
        fate=f"FATE_{receipt.fate.upper()}",
        reason=receipt.reason,
        place=receipt.place,
        attempts=receipt.attempts,
    )


def _cut(data: bytearray) -> list[pb.PluginRequest]:
    """Take the whole requests off the front of `data`."""
    requests: list[pb.PluginRequest] = []
    while True:
        length, start = decode_varint(data, 0, len(data))
        if length < 0 or start + length > len(data):
            return requests
        requests.append(pb.PluginRequest.FromString(bytes(data[start : start + length])))
        del data[: start + length]


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]
