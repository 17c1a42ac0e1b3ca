"""Brings mails by their ids: batches side by side, no more in memory than the belt holds."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from dataq_plugins.sdk import Log
from dataq_plugins.sources.gmail.answers import Told, answers
from dataq_plugins.sources.gmail.api import ATTACHMENT, GET, Api
from dataq_plugins.sources.gmail.message import BadMessage, Message, message_of
from dataq_plugins.sources.gmail.service import NAMED
from dataq_plugins.sources.gmail.waited import ALIVE_SECONDS, Belt, begun
from dataq_plugins.sources.gmail.waiting import Stopped

BELT_BYTES = 32 << 20


class Fetched(NamedTuple):
    """What came of asking for a mail; `message` is None where it is gone, or has a `problem`.

    `told` is the answer itself, of formats other than raw.
    """

    id: str
    message: Message | None
    told: dict[str, Any] | None = None
    problem: str = ""


class _Ended(NamedTuple):
    """A thread has nothing more to do, because of `error` if there is one."""

    error: BaseException | None = None


class Fetching:
    """One round of fetching; closing the iterator ends its threads."""

    def __init__(self, api: Api, form: str, connections: int) -> None:
        self._api = api
        self._form = form
        self._connections = connections
        self._lock = threading.Lock()
        self._belt: Belt[Fetched | _Ended] = Belt(BELT_BYTES)

    def fetch(self, ids: Sequence[str]) -> Iterator[Fetched | Log]:
        """Yield what came of each id, in any order; raises Unreachable, SettingError."""
        waiting = deque(ids)
        running = min(self._connections, -(-len(ids) // self._api.batch_size))
        path = self._api.message_path(self._form)
        for _ in range(running):
            begun(lambda: self._work(waiting, path))
        try:
            while running:
                brought = self._belt.get(ALIVE_SECONDS)
                if not brought:
                    yield Log("waiting for Gmail", "debug")
                for each in brought:
                    if isinstance(each, Fetched):
                        yield each
                    elif each.error is not None:
                        raise each.error
                    else:
                        running -= 1
        finally:
            self._belt.close()

    def _work(self, waiting: deque[str], path: str) -> None:
        error: BaseException | None = None
        try:
            while ids := self._next(waiting):
                paths = [path.replace(NAMED, each) for each in ids]
                for told in answers(self._api, paths, GET):
                    fetched = self._opened(ids[told.number], told)
                    self._belt.put(fetched, told.size + 1_000)
        except Stopped:
            return
        except BaseException as failed:  # noqa: BLE001 (who waits raises it)
            error = failed
        self._belt.put(_Ended(error), 0)

    def _next(self, waiting: deque[str]) -> list[str]:
        with self._lock:
            return [waiting.popleft() for _ in range(min(self._api.batch_size, len(waiting)))]

    def _opened(self, message: str, told: Told) -> Fetched:
        answer = told.answer
        if answer is None:
            return Fetched(message, None, None, told.problem)
        try:
            if self._form == "full":
                self._complete(answer)
            opened = message_of(answer)
        except BadMessage as error:
            return Fetched(message, None, None, f"unreadable: {error}")
        return Fetched(message, opened, None if self._form == "raw" else answer)

    def _complete(self, answer: dict[str, Any]) -> None:
        """Put the attachments into a mail that Gmail tells apart from it; raises BadMessage."""
        wanted = {
            attachment: body
            for body in _bodies(answer.get("payload"))
            if (attachment := body.pop("attachmentId", None)) and "data" not in body
        }
        names = list(wanted)
        path = self._api.attachment_path(str(answer.get("id")))
        paths = [path.replace(NAMED, each) for each in names]
        size = self._api.batch_size
        for start in range(0, len(paths), size):
            some = paths[start : start + size]
            for told in answers(self._api, some, ATTACHMENT):
                if told.answer is None:
                    raise BadMessage(f"an attachment cannot be had: {told.problem or 'it is gone'}")
                wanted[names[start + told.number]]["data"] = told.answer.get("data", "")


def _bodies(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if isinstance(part.get("body"), dict):
            yield part["body"]
        for each in part.get("parts", ()):
            yield from _bodies(each)
