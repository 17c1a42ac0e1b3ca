"""A plugin at work: started, described, and asked for its items, perhaps before they are read."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from dataq_assets.held_log import HeldLog
from dataq_plugins.errors import PluginError
from dataq_plugins.host import Batch, OnLog, PluginProcess, Window

if TYPE_CHECKING:
    from dataq_lake.location import Location
    from dataq_plugins.host import BlobSink, PluginSpec


class Question(NamedTuple):
    """What is asked of a plugin: a window (None: whatever it has), what it said last, or all."""

    window: Window | None
    state: bytes | None
    full: bool


class Begun:
    """One plugin process; closed, it and all that it started are gone."""

    def __init__(self, spec: PluginSpec) -> None:
        self._log = HeldLog()
        self.plugin = PluginProcess(spec, self._log).__enter__()
        self.question: Question | None = None
        self._stream: Iterator[Batch] = iter(())
        self._error: PluginError | None = None

    def ask(self, question: Question, blobs: BlobSink) -> None:
        """Ask for items; the plugin hears of it when the first are read."""
        self.question = question
        self._stream = self.plugin.extract(*question, blobs=blobs)

    def read_ahead(self) -> None:
        """Wait for the first items: from then on the plugin works until its pipe is full.

        Its error is kept for who reads them.
        """
        try:
            first = next(self._stream, None)
        except PluginError as error:
            self._error = error
        else:
            self._stream = chain([] if first is None else [first], self._stream)

    def batches(self) -> Iterator[Batch]:
        """The items; raises PluginError."""
        if self._error:
            raise self._error
        return self._stream

    def log_to(self, on_log: OnLog) -> None:
        """Say to `on_log` what the plugin has logged and what it will."""
        self._log.release(on_log)

    def close(self) -> None:
        """End the plugin."""
        self.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.plugin.__exit__(kind, error, trace)


def key_of(lake: Location, source: str) -> Hashable:
    """Under which an extraction that has begun is handed over."""
    return "begun", lake, source
