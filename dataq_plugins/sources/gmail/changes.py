"""What has happened since a change, mail by mail, from the pages of Gmail's history."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dataq_plugins.sdk import Log
from dataq_plugins.sources.gmail.errors import NotFound, StalePage, restarted
from dataq_plugins.sources.gmail.waited import waited

_KINDS = ("messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved")
_HIDING = frozenset({"TRASH", "SPAM"})


class HistoryExpired(Exception):
    """Gmail does not know that far back."""


@dataclass
class Change:
    """The id of the last change of a mail, and what the changes were."""

    history_id: int = 0
    deleted: bool = False
    labels: set[str] = field(default_factory=set)
    added: bool = False


@dataclass
class Changes:
    """By the ids of mails, in order; `history` is the id up to which they reach.

    `removals`: some mail has left every list, and so has moved the others in it; `relabelled`: some
    may have left the list of a label or a search.
    """

    by_mail: dict[str, Change] = field(default_factory=dict)
    history: int = 0
    removals: bool = False
    relabelled: bool = False
    more: str = ""
    reached: bool = False

    def take(self, told: Mapping[str, Any]) -> None:
        """Add a page.

        What happens while pages are read is in none of them, though the later ones name its id.
        """
        if not self.reached:
            self.history = int(told.get("historyId") or self.history)
        self.reached = True
        self.more = told.get("nextPageToken", "")
        for record in told.get("history", ()):
            for kind in _KINDS:
                for each in record.get(kind, ()):
                    self._note(int(record["id"]), kind, each)

    def _note(self, history_id: int, kind: str, told: Mapping[str, Any]) -> None:
        change = self.by_mail.setdefault(str(told["message"]["id"]), Change())
        change.history_id = max(change.history_id, history_id)
        labels = set(map(str, told.get("labelIds", ())))
        change.labels |= labels
        change.deleted = change.deleted or kind == "messagesDeleted"
        change.added = change.added or kind == "messagesAdded"
        hidden = kind == "labelsAdded" and not _HIDING.isdisjoint(labels)
        self.removals = self.removals or change.deleted or hidden
        self.relabelled = self.relabelled or bool(labels)


def changes_since(
    page: Callable[[int, str], dict[str, Any]], since: int, first: Mapping[str, Any] | None = None
) -> Generator[Log, None, Changes]:
    """Return all changes after that one; `first` is their first page. Raises HistoryExpired."""
    changes = Changes(history=since)
    if first is not None:
        changes.take(first)
    restarts = 0
    while changes.more or not changes.reached:
        after = changes.more
        try:
            told = yield from waited("history", lambda: page(since, after))  # noqa: B023
        except NotFound:
            raise HistoryExpired from None
        except StalePage as error:
            restarts = restarted(restarts, error)
            changes = Changes(history=since)
            continue
        changes.take(told)
    return changes
