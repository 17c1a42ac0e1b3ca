"""One extraction: what is not known yet by lists of ids, then what has changed by history."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dataq_plugins.sdk import Item, Log, State, Window
from dataq_plugins.sources.gmail.api import Api
from dataq_plugins.sources.gmail.changes import Change, HistoryExpired, changes_since
from dataq_plugins.sources.gmail.fetching import Fetched, Fetching
from dataq_plugins.sources.gmail.known import Sent
from dataq_plugins.sources.gmail.listing import Listing
from dataq_plugins.sources.gmail.mailing import gone, item_of
from dataq_plugins.sources.gmail.message import Message
from dataq_plugins.sources.gmail.opening import Opening, opening
from dataq_plugins.sources.gmail.progress import Progress
from dataq_plugins.sources.gmail.selection import Selection
from dataq_plugins.sources.gmail.settings import Settings
from dataq_plugins.sources.gmail.spans import EVER, LATEST, Span

ROUNDS = 5
"""So often is a mailbox looked at again that changes while it is read."""

Things = Iterator[Item | State | Log]


@dataclass
class Extraction:
    """What one request asks for; `progress` is kept up to date on the way."""

    api: Api
    settings: Settings
    progress: Progress
    window: Window | None
    full: bool
    told: Opening | None = None

    def run(self) -> Things:
        """Yield mails and deletions, with states in between and last."""
        yield from self._begin()
        again = self.full or self.progress.unsure
        todo = [self._span] if again else self.progress.covered.missing(self._span)
        for _ in range(ROUNDS):
            for span in todo:
                yield from self._cover(span)
            try:
                todo = [self._span] if (yield from self._follow()) else []
            except HistoryExpired:
                yield from self._lost()
                todo = [self._span]
            if not todo:
                break
        else:
            yield Log("the mailbox changes faster than it is read: the next run goes on", "warning")
        yield self.progress.state()

    def _begin(self) -> Iterator[Log]:
        """Look whose mailbox it is, what has changed, what its labels are called."""
        since = self.progress.history
        if self.told is None or not self.told.answers(since):
            self.told = yield from opening(self.api, self.settings, since)
        if not since:
            self.progress.history = self.told.now
        self.selection = Selection(self.settings, self.told.names)
        self.listing = Listing(self.api, self.selection)

    @property
    def _span(self) -> Span:
        return EVER if self.window is None else (self.window.start, self.window.end)

    def _lost(self) -> Iterator[Log]:
        """Say that history does not reach back to where we were, and begin to compare."""
        yield Log(
            f"Gmail's history no longer reaches back to {self.progress.history} (it is kept for "
            f"about a week): the ids and labels of {len(self.progress.known):,} known mails are "
            "compared with the mailbox; only what differs is fetched",
            "warning",
        )
        told = yield from opening(self.api, self.settings, 0)
        self.progress.lose(told.now)

    def _cover(self, span: Span) -> Things:
        """Yield what of a span is not as it was sent, by a list of all that is in it."""
        known = self.progress.known
        self.progress.unsure = True
        self.told = None  # it says nothing of what happens from here on
        here = yield from self.listing.ids(span)
        before = [each for each in known if _lies(known.seconds(each), span)]
        wanted = [each for each in here if self.full or each not in known]
        missing = [each for each in before if each not in here]
        if self.progress.lost and before:
            wanted += yield from self._differing(span, here, before)
        yield Log(f"{len(here):,} mails are there, {len(wanted):,} of them to fetch")
        yield from self._send(wanted)
        yield from self._verify(missing)
        self.full = False
        self.progress.covered.add(span)
        yield from self._reach_back()
        if self.progress.covered.is_whole:
            self.progress.lost = False
        yield self.progress.state()

    def _differing(
        self, span: Span, here: dict[str, None], before: list[str]
    ) -> Generator[Log, None, list[str]]:
        """Return the mails whose labels are not those that were sent."""
        found = yield from self.listing.labels(span)
        known, counted = self.progress.known, self.selection.counted
        return [
            each
            for each in before
            if each in here
            and (sent := known.get(each)) is not None
            and counted(found.of(each)) != sent.labels
        ]

    def _reach_back(self) -> Iterator[Log]:
        """Look once whether there is anything before what is covered up to now."""
        spans = list(self.progress.covered)
        if len(spans) == 1 and spans[0][1] >= LATEST and not self.progress.covered.is_whole:
            earlier = (EVER[0], spans[0][0])
            known = self.progress.known
            if any(_lies(known.seconds(each), earlier) for each in known):
                return  # some of them may be gone
            if not any((yield from self.listing.any([earlier]))):
                self.progress.covered.add(earlier)

    def _follow(self) -> Generator[Item | State | Log, None, bool]:
        """Yield what changed since; return whether lists may have passed something over."""
        progress = self.progress
        changes = yield from changes_since(self.api.history, progress.history, self._first_page())
        waiting = 0
        wanted = []
        for message, change in changes.by_mail.items():
            sent = progress.known.get(message)
            if sent is None:
                if not change.deleted:
                    wanted.append(message)
            elif change.deleted or self._is_news(change, sent):
                if not self._is_asked(sent.internal_ms):
                    waiting += 1
                elif change.deleted:
                    yield self._gone(message, "deleted")
                else:
                    wanted.append(message)
        wanted = yield from self._chosen(wanted)
        waiting += yield from self._send(wanted)
        if waiting:
            yield Log(f"{waiting:,} changes of other windows wait for their run")
            return False
        progress.history = changes.history
        passed_over = changes.removals or (self.selection.is_narrow and changes.relabelled)
        progress.unsure = progress.unsure and passed_over
        return progress.unsure

    def _first_page(self) -> Mapping[str, Any] | None:
        """The first page of history, if it is there already: it counts once."""
        told, self.told = self.told, None
        if told is None or not told.answers(self.progress.history):
            return None
        if told.history is None and told.since:
            raise HistoryExpired
        return told.history

    def _is_news(self, change: Change, sent: Sent) -> bool:
        """Whether what was sent of a mail may be older than a change of it."""
        return change.history_id > sent.history_id and bool(
            self.selection.counted(tuple(change.labels)) or change.added
        )

    def _chosen(self, messages: list[str]) -> Generator[Log, None, list[str]]:
        """Return those that are known or that Gmail's search finds: only Gmail can tell."""
        known = self.progress.known
        if not self.selection.query or all(each in known for each in messages):
            return messages
        found = yield from self.listing.ids(EVER)
        return [each for each in messages if each in known or each in found]

    def _send(self, messages: list[str]) -> Generator[Item | State | Log, None, int]:
        """Yield the mails as they are now; return how many lie in other windows."""
        waiting = 0
        settings = self.settings
        fetching = Fetching(self.api, settings.format, settings.connections)
        for number, each in enumerate(fetching.fetch(messages), 1):
            if isinstance(each, Log):
                yield each
                continue
            item, waits = self._judged(each)
            waiting += waits
            if item is not None:
                yield item
            if not number % settings.batch and self.progress.due():
                yield self.progress.state()
        return waiting

    def _judged(self, fetched: Fetched) -> tuple[Item | None, bool]:
        """Return what to send of a mail, if anything, and whether that waits for its window."""
        known, message = self.progress.known, fetched.message
        sent = known.get(fetched.id)
        if message is None:
            if fetched.problem:
                return Item(fetched.id, problem=fetched.problem), False
            return (self._gone(fetched.id, "deleted") if sent else None), False
        aside = self.selection.aside(set(message.label_ids))
        if aside:
            return (self._gone(fetched.id, aside) if sent else None), False
        if sent is None and not self.selection.has_label(message):
            return None, False
        if not self._is_asked(message.internal_ms):
            return None, message.internal_ms // 1000 in self.progress.covered
        return self._upsert(fetched, message, sent), False

    def _upsert(self, fetched: Fetched, message: Message, sent: Sent | None) -> Item | None:
        labels = self.selection.counted(message.label_ids)
        self.progress.known.put(message.id, Sent(message.internal_ms, message.history_id, labels))
        if sent is not None and sent.labels == labels and not self.full:
            return None
        names, settings = self.selection.named(labels), self.settings
        return item_of(fetched, message, names, settings.account, settings.max_bytes)

    def _verify(self, messages: list[str]) -> Things:
        """Yield the deletion of those that are really gone: a list may pass over a mail."""
        found: list[str] = []
        for each in Fetching(self.api, "minimal", 1).fetch(messages):
            if isinstance(each, Log):
                yield each
                continue
            sent = self.progress.known.get(each.id)
            if sent is None or each.problem:
                continue
            if each.message is None:
                yield self._gone(each.id, "deleted")
            elif aside := self.selection.aside(set(each.message.label_ids)):
                yield self._gone(each.id, aside)
            elif self.selection.counted(each.message.label_ids) != sent.labels:
                found.append(each.id)
        yield from self._send(found)

    def _gone(self, message: str, why: str) -> Item:
        sent = self.progress.known.get(message)
        self.progress.known.drop(message)
        return gone(message, sent.internal_ms if sent else 0, why)

    def _is_asked(self, internal_ms: int) -> bool:
        return _lies(internal_ms // 1000, self._span)


def _lies(seconds: int, span: Span) -> bool:
    return span[0] <= seconds < span[1]
