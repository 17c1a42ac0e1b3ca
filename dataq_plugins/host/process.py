"""A plugin as the rest of DataQ sees it: a context manager with one method an operation."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from dataq_plugins.errors import (
    LimitExceeded,
    OperationFailed,
    PluginError,
    ProtocolViolated,
)
from dataq_plugins.host import answers, plain
from dataq_plugins.host.conversation import Conversation
from dataq_plugins.host.delivery import AHEAD, Delivery, Receipt, asked, receipt
from dataq_plugins.host.item import Batch, BlobSink
from dataq_plugins.host.logs import OnLog, to_logging
from dataq_plugins.host.receive import BadItem, Receiver, TooBig
from dataq_plugins.host.running import ended, started
from dataq_plugins.host.spec import Description, Discovery, Granularity, PluginSpec, Window
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

REASON_LIMIT = 1000


class PluginProcess:
    """One source's plugin, started on entry; when the block ends, so has all that it started.

    One thread at a time, save for `cancel`; any number of processes run side by side.
    Every method raises a PluginError that names source, plugin, operation and last item.
    """

    def __init__(self, spec: PluginSpec, on_log: OnLog | None = None) -> None:
        self._spec = spec
        self._talk = Conversation(spec, on_log or to_logging(spec.source))
        self._description: Description | None = None

    def __enter__(self) -> Self:
        with self._blaming("start"):
            self._talk.resolve()
            if self._spec.protocol == "v1":
                self._talk.connect()
        started(self.cancel)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ended(self.cancel)
        self._talk.disconnect(kill=kind is not None)

    def describe(self) -> Description:
        """Return what the plugin says of itself; asked once."""
        if self._description is None:
            with self._blaming("describe"):
                self._description = self._ask_description()
            self._talk.learn(self._description)
        return self._description

    def configure(self) -> None:
        """Have the plugin check its settings; raises ConfigError naming the one that is wrong."""
        self._perform("configure")

    def check(self) -> None:
        """Have the plugin reach its source; raises SourceUnreachable."""
        self._perform("check")

    def discover(self, state: bytes | None, granularity: Granularity) -> Discovery:
        """Return the windows that changed since `state`: none and incomplete if it cannot tell."""
        if "discover" not in self.describe().capabilities:
            return Discovery([], complete=False)
        windows: set[Window] = set()
        complete = False
        with self._blaming("discover"):
            request = self._talk.request("discover", state=state or b"", granularity=granularity)
            for response, _ in self._talk.ask(request):
                windows.update(map(answers.window, response.windows))
                complete = complete or response.complete
        return Discovery(sorted(windows), complete)

    def watch(self) -> Iterator[None]:
        """Yield now and then while every change is noticed, and end when something has changed."""
        if "watch" not in self.describe().capabilities:
            with self._blaming("watch"):
                raise OperationFailed("it does not offer to watch")
        with self._blaming("watch"):
            for response, _ in self._talk.ask(self._talk.request("watch")):
                if not response.done:
                    yield

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
        v1 = self._spec.protocol == "v1"
        receiver = Receiver(self.describe().id if v1 else "", self._spec.limits, blobs)
        with self._blaming("extract", receiver):
            try:
                if v1:
                    yield from self._extract(receiver, window, state, full)
                else:
                    yield from self._extract_plain(receiver, state)
                receiver.finish()
            except BadItem as error:
                raise ProtocolViolated(str(error)) from None
            except TooBig as error:
                raise LimitExceeded(f"{error} (item_bytes)") from None
            finally:
                receiver.abort()

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt]:
        """Have a destination take deliveries, in order; yield what became of each, in order.

        A few are sent ahead of the answers. Raises SourceUnreachable where it takes nothing now,
        ConfigError where it never will: all without a receipt may have been taken, or not.
        """
        if "deliver" not in self.describe().capabilities:
            with self._blaming("deliver"):
                raise OperationFailed("it is no destination: it does not offer to deliver")
        with self._blaming("deliver"):
            try:
                yield from self._deliver(deliveries)
            except OperationFailed:
                self._talk.disconnect(kill=True)  # it goes on with what was sent ahead
                raise

    def finish(self) -> None:
        """Have the plugin end by itself while the caller goes on: nothing more is asked of it."""
        self._talk.finish()

    def cancel(self) -> None:
        """End what runs, from any thread; the operation then raises PluginCancelled."""
        self._talk.cancel()

    def _deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt]:
        waiting: deque[pb.PluginRequest] = deque()
        for delivery in deliveries:
            request = self._talk.request("deliver", delivery=asked(delivery))
            self._talk.begin(request)
            waiting.append(request)
            if len(waiting) == AHEAD:
                yield self._receipt(waiting.popleft())
        while waiting:
            yield self._receipt(waiting.popleft())

    def _perform(self, operation: str) -> None:
        """Have an operation done that answers nothing but success; not if it is not offered."""
        if operation in self.describe().capabilities:
            with self._blaming(operation):
                for _ in self._talk.ask(self._talk.request(operation)):
                    pass

    def _extract(
        self, receiver: Receiver, window: Window | None, state: bytes | None, full: bool
    ) -> Iterator[Batch]:
        request = self._talk.request("extract", state=state or b"", full=full)
        if window:
            request.window.start, request.window.end = window.start, window.end
        for response, bulk in self._talk.ask(request):
            batch = receiver.batch(response, bulk)
            if batch.items or batch.state is not None:
                yield batch

    def _extract_plain(self, receiver: Receiver, state: bytes | None) -> Iterator[Batch]:
        connection = self._talk.connect()
        connection.send(plain.request(self._spec.source, self._talk.config, state))
        connection.finish_requests()
        tokens = plain.Tokens()
        while received := connection.receive():
            batch = receiver.batch(*received)
            batch.state = tokens.take(batch.items)
            if batch.items:
                yield batch
            if error := answers.failure(received[0]):
                raise error
        if error := connection.exit_error():
            raise error
        self._talk.disconnect()

    def _receipt(self, request: pb.PluginRequest) -> Receipt:
        responses = [response for response, _ in self._talk.answered(request)]
        found = receipt(responses[-1].receipt, request.delivery.id)
        reason, place = self._talk.redact(found.reason), self._talk.redact(found.place)
        return found._replace(reason=reason[:REASON_LIMIT], place=place[:REASON_LIMIT])

    def _ask_description(self) -> Description:
        if self._spec.protocol == "plain":
            return plain.description(self._spec.source)
        told = pb.Plugin()
        for response, _ in self._talk.ask(self._talk.request("describe")):
            told.MergeFrom(response.description)
        return answers.description(told)

    @contextmanager
    def _blaming(self, operation: str, receiver: Receiver | None = None) -> Iterator[None]:
        """Complete an error with who, when and what was last; a broken plugin is ended at once."""
        try:
            yield
        except PluginError as error:
            error.kind, error.source = self._spec.kind, self._spec.source
            error.plugin = self._description.id if self._description else self._spec.argv[-1]
            error.operation = operation
            error.last_item = receiver.last_item if receiver else None
            error.reason = self._talk.redact(error.reason)[:REASON_LIMIT]
            error.args = (error.reason,)  # the first text may hold a secret
            if not isinstance(error, OperationFailed):
                self._talk.disconnect(kill=True)
            raise
        except BaseException:
            self._talk.disconnect(kill=True)
            raise
