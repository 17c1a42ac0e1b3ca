"""Lists of ids, page by page: all mails of a span, and which of them have which label."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from dataq_plugins.sdk import Log, Unreachable
from dataq_plugins.sources.gmail.answers import answers
from dataq_plugins.sources.gmail.api import LIST, Api, ListOf, Page, page_of
from dataq_plugins.sources.gmail.errors import StalePage, restarted
from dataq_plugins.sources.gmail.selection import Selection
from dataq_plugins.sources.gmail.spans import Span
from dataq_plugins.sources.gmail.waited import waited


class Labelled:
    """The labels of mails, gathered label by label."""

    def __init__(self) -> None:
        self._labels: dict[str, tuple[str, ...]] = {}

    def add(self, message: str, label: str) -> None:
        """Note that a mail has a label; labels come in their order."""
        self._labels[message] = (*self._labels.get(message, ()), label)

    def of(self, message: str) -> tuple[str, ...]:
        """Return the labels of a mail, sorted."""
        return self._labels.get(message, ())


class Listing:
    """Asks for lists, as the selection says."""

    def __init__(self, api: Api, selection: Selection) -> None:
        self._api = api
        self._selection = selection

    def ids(self, span: Span) -> Generator[Log, None, dict[str, None]]:
        """Return the ids of the mails of a span, and of the seconds beside it; newest first."""
        found: dict[str, None] = {}
        for question in self._selection.questions(span):
            for page in self._pages(question):
                if isinstance(page, Log):
                    yield page
                else:
                    found.update(dict.fromkeys(page.ids))
        return found

    def labels(self, span: Span) -> Generator[Log, None, Labelled]:
        """Return the labels of the mails of a span: some pages a label, not a request a mail."""
        found = Labelled()
        interned: dict[str, str] = {}
        for label in sorted(self._selection.names):
            for question in self._selection.questions(span, label):
                for page in self._pages(question):
                    if isinstance(page, Log):
                        yield page
                        continue
                    for each in page.ids:
                        found.add(interned.setdefault(each, each), label)
        return found

    def any(self, spans: Sequence[Span]) -> Generator[Log, None, list[bool]]:
        """Return of each span whether there is a mail in it; all are asked for at once."""
        asked = [
            (number, question._replace(most=1))
            for number, span in enumerate(spans)
            for question in self._selection.questions(span)
        ]
        paths = [self._api.list_path(question) for _, question in asked]
        found = yield from waited("list", lambda: list(answers(self._api, paths, LIST)))
        some = [False] * len(spans)
        for told in found:
            if told.answer is None:
                raise Unreachable(f"Gmail does not list mails: {told.problem or 'not found'}")
            number, _ = asked[told.number]
            page = page_of(told.answer)
            some[number] = some[number] or bool(page.ids or page.next)  # a page may be empty
        return some

    def _pages(self, question: ListOf) -> Iterator[Page | Log]:
        after, restarts = "", 0
        while True:
            try:
                page = yield from waited("list", lambda: self._api.page(question, after))  # noqa: B023
            except StalePage as error:
                after, restarts = "", restarted(restarts, error)
                continue
            yield page
            after = page.next
            if not after:
                return
