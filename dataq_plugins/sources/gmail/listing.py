"""Lists of ids, page by page: all mails of a span, and which of them have which label."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from dataq_plugins.sdk import Log
from dataq_plugins.sources.gmail.api import Api, Page
from dataq_plugins.sources.gmail.errors import StalePage, restarted
from dataq_plugins.sources.gmail.selection import Question, Selection
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

    def any(self, span: Span) -> Generator[Log, None, bool]:
        """Return whether there is a mail in a span."""
        for question in self._selection.questions(span):
            page = yield from waited("list", lambda: self._page(question, "", 1))  # noqa: B023
            if page.ids:
                return True
        return False

    def _pages(self, question: Question) -> Iterator[Page | Log]:
        after, restarts = "", 0
        while True:
            try:
                page = yield from waited("list", lambda: self._page(question, after))  # noqa: B023
            except StalePage as error:
                after, restarts = "", restarted(restarts, error)
                continue
            yield page
            after = page.next
            if not after:
                return

    def _page(self, question: Question, after: str, most: int = 500) -> Page:
        return self._api.page(
            question.query, question.label, after, self._selection.spam_trash, most
        )
