"""What every kind of mailbox offers: the mails in it that are not as they were sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from dataq_plugins.sources.mailboxes.known import Box
from dataq_plugins.sources.mailboxes.mail import Mail


@dataclass(frozen=True, slots=True)
class News:
    """A mail that is new or differs; `read` returns it, None if it has changed meanwhile."""

    name: str
    mark: str
    seconds: int
    read: Callable[[], Mail | None]


class Mailbox(Protocol):
    """A mailbox that was found, as long as its folder is open."""

    name: str
    """Its path below the root, with the root's label before it; empty for the root itself."""
    format: str

    def news(self, box: Box, *, full: bool) -> Iterator[News]:
        """Yield what differs from what was sent (`full`: everything)."""

    @property
    def here(self) -> set[str]:
        """The names of all mails in it, once `news` has ended."""

    @property
    def steady(self) -> bool:
        """Whether all of it could be read, and it did not change meanwhile."""

    def settle(self, box: Box) -> None:
        """Write down how it looks, so that it need not be read again: all of it was sent."""
