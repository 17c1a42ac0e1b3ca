"""Talks to the plugin under test more bluntly than the host does, and keeps what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from dataq_plugins.conformance.parcel import Parcel
from dataq_plugins.errors import PluginError, ProtocolViolated
from dataq_plugins.host.connection import Connection
from dataq_plugins.host.environment import plugin_environment
from dataq_plugins.host.item import BlobWriter, Item
from dataq_plugins.host.receive import BadItem, Receiver, TooBig
from dataq_plugins.host.spec import Limits
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb


class Failed(Exception):
    """A promise was not kept; the text says how."""


class Skipped(Exception):
    """A promise does not apply to this plugin; the text says why."""


def expect(kept: object, otherwise: str) -> None:
    """Raise Failed with this text unless the promise is kept."""
    if not kept:
        raise Failed(otherwise)


@dataclass(frozen=True)
class Seen:
    """An item with the sha256 of its content instead of the content."""

    source_id: str
    timestamp_us: int | None
    content_type: str
    sha256: str
    size: int
    metadata: tuple[tuple[str, str], ...]
    op: str
    problem: str


@dataclass
class Answer:
    """All responses to one request, put together; `error` is "" after success."""

    items: list[Seen] = field(default_factory=list)
    windows: list[pb.Window] = field(default_factory=list)
    description: pb.Plugin = field(default_factory=pb.Plugin)
    state: bytes = b""
    complete: bool = False
    receipt: pb.Receipt = field(default_factory=pb.Receipt)
    largest: int = 0
    error: str = ""
    error_code: int = 0
    error_setting: str = ""

    def expect_success(self) -> Self:
        """Return itself; raises Failed with the plugin's own error."""
        expect(not self.error and not self.error_code, f"answered with the error: {self.error}")
        return self


class _Hashed:
    """A blob of which only the hash was kept."""

    def __init__(self, sha256: str, size: int) -> None:
        self.uri, self.sha256, self.size = f"blob:{sha256}", sha256, size


class _Hasher:
    """A blob writer that keeps nothing but the hash."""

    def __init__(self) -> None:
        self._hash, self._size = hashlib.sha256(), 0

    def write(self, data: bytes | memoryview, /) -> None:
        self._hash.update(data)
        self._size += len(data)

    def commit(self) -> _Hashed:
        return _Hashed(self._hash.hexdigest(), self._size)

    def abort(self) -> None:
        """Nothing was written."""


class HashingSink:
    """A blob sink for content that only needs comparing."""

    def writer(self) -> BlobWriter:
        """Return a writer that hashes."""
        return _Hasher()


class Session:
    """One plugin process at a time, started anew whenever the last one broke."""

    def __init__(
        self,
        argv: Sequence[str],
        config: Mapping[str, str],
        limits: Limits,
        environment: Sequence[str],
        parcel: Parcel | None = None,
    ) -> None:
        self.parcel = parcel or Parcel()
        self.argv = tuple(argv)
        self.config = dict(config)
        self.limits = limits
        self.log: list[str] = []
        self._environment = plugin_environment(environment)
        self._connection: Connection | None = None
        self._request_id = 0
        self._cannot_extract = False
        self._items: list[Seen] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.restart()

    def restart(self) -> None:
        """End the present process; the next request starts another."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close(kill=True)

    def open(self) -> Connection:
        """Return a process of its own, for the caller to close."""
        return Connection(
            self.argv, self._environment, self.limits, lambda _, line: self.log.append(line), str
        )

    @property
    def connection(self) -> Connection:
        """The present process."""
        if self._connection is None:
            self._connection = self.open()
        return self._connection

    def request(self, operation: str, **fields: Any) -> pb.PluginRequest:
        """Return a request as the host would send it, save for these fields."""
        self._request_id += 1
        standard: dict[str, Any] = {
            "operation": operation,
            "request_id": self._request_id,
            "config": {} if operation == "describe" else self.config,
            "max_frame_bytes": self.limits.frame_bytes,
            "max_chunk_bytes": self.limits.chunk_bytes,
        }
        return pb.PluginRequest(**(standard | fields))

    def work(self) -> pb.PluginRequest:
        """Return a request for what the plugin is there for: to extract, or to deliver."""
        told = self.ask("describe").expect_success().description
        if "deliver" not in told.capabilities:
            return self.request("extract")
        return self.request("deliver", delivery=self.parcel.of("work", told.rows))

    def items(self) -> list[Seen]:
        """Return everything in the source; extracted once."""
        if self._items is None:
            self._items = self.ask("extract").expect_success().items
        return self._items

    def ask(self, operation: str, **fields: Any) -> Answer:
        """Return the whole answer to one request; raises Failed where the protocol is broken."""
        request = self.request(operation, **fields)
        with self.judging(operation):
            self.connection.begin()
            self.connection.send(request)
        return self.answer(self.connection, request)

    def answer(self, connection: Connection, request: pb.PluginRequest) -> Answer:
        """Return the answer to a request that was sent."""
        answer = Answer()
        receiver = Receiver("", self.limits, HashingSink())
        with self.judging(request.operation):
            while received := connection.receive():
                response, bulk = received
                if response.request_id != request.request_id:
                    raise ProtocolViolated(
                        f"answered {request.operation!r} with request_id {response.request_id}, "
                        f"not {request.request_id}"
                    )
                answer.items += map(see, receiver.batch(response, bulk).items)
                collect(answer, response, len(bulk.content) if bulk else 0)
                if response.done or answer.error or answer.error_code:
                    if not answer.error:
                        receiver.finish()
                    return answer
            raise connection.ended()

    @contextmanager
    def judging(self, operation: str = "") -> Iterator[None]:
        """Turn a broken protocol into a failed check, and end that process.

        What broke an extraction once would do so in most checks: the others are skipped.
        """
        if operation == "extract" and self._cannot_extract:
            raise Skipped("an extraction failed before")
        try:
            yield
        except (PluginError, BadItem, TooBig) as error:
            self._cannot_extract = self._cannot_extract or operation == "extract"
            self.restart()
            reason = error.reason if isinstance(error, PluginError) else str(error)
            raise Failed(reason) from None


def collect(answer: Answer, response: pb.PluginResponse, bulk: int) -> None:
    """Add one response to an answer."""
    answer.windows += response.windows
    answer.description.MergeFrom(response.description)
    answer.state = response.state or answer.state
    answer.complete = answer.complete or response.complete
    answer.receipt.MergeFrom(response.receipt)
    sizes = [len(item.raw_data) for item in response.items]
    answer.largest = max(answer.largest, bulk, len(response.chunk.data), *sizes)
    answer.error = response.error
    answer.error_code = response.error_code
    answer.error_setting = response.error_setting


def see(item: Item) -> Seen:
    """Return an item in a form that compares."""
    sha256 = item.blob.sha256 if item.blob else hashlib.sha256(item.content or b"").hexdigest()
    return Seen(
        item.source_id,
        item.timestamp_us,
        item.content_type,
        sha256,
        item.size,
        tuple(sorted(item.metadata.items())),
        item.op,
        item.problem or "",
    )


def patient(limits: Limits, seconds: float) -> Limits:
    """Return limits for plugins that may take `seconds` to answer."""
    return replace(limits, silence_seconds=seconds)
