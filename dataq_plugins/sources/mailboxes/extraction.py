"""One extraction: mails that are new or changed, then what is gone, mailbox by mailbox."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from dataq_plugins.sdk import Item, Log, Saver, State, Window
from dataq_plugins.sources.mailboxes.known import Box, Known
from dataq_plugins.sources.mailboxes.mail import Mail
from dataq_plugins.sources.mailboxes.mailbox import Mailbox
from dataq_plugins.sources.mailboxes.mbox import NotMbox

CONTENT_TYPE = "message/rfc822"


@dataclass
class Extraction:
    """What one request asks for; `known` is kept up to date on the way."""

    known: Known
    saver: Saver
    window: Window | None
    full: bool
    titles: dict[str, str] = field(default_factory=dict)
    """What the mailbox of an empty name is called."""

    def mailbox(self, mailbox: Mailbox) -> Iterator[Item | State | Log]:
        """Yield what is new in a mailbox, and what is gone from it if all of it could be read."""
        box = self.known.setdefault(mailbox.name, Box())
        waiting = 0
        try:
            for news in mailbox.news(box, full=self.full):
                if not self._is_wanted(news.seconds):
                    waiting += 1
                elif (mail := news.read()) is not None:
                    yield self._item(mailbox, mail)
                    box.mails[mail.name] = (news.mark, news.seconds)
                    self.saver.note()
                    if self.saver.due():
                        yield self.saver.state()
                else:
                    waiting += 1
        except (OSError, NotMbox) as error:
            yield Log(f"{mailbox.name}: {_reason(error)}; it is looked at again", "warning")
            return
        if not mailbox.steady:
            yield Log(f"{mailbox.name} changed while it was read; it is looked at again")
            return
        yield from self._gone(mailbox.name, box, mailbox.here)
        if not waiting and box.mails.keys() == mailbox.here:
            mailbox.settle(box)

    def missing(self, name: str) -> Iterator[Item]:
        """Yield the deletions of a mailbox that is no more."""
        box = self.known[name]
        yield from self._gone(name, box, set())
        if not box.mails:
            del self.known[name]

    def _gone(self, name: str, box: Box, here: set[str]) -> Iterator[Item]:
        for mail in [each for each in box.mails if each not in here]:
            seconds = box.mails[mail][1]
            if self._is_wanted(seconds):
                yield Item(identity(name, mail), timestamp=seconds, op="delete")
                del box.mails[mail]
                self.saver.note()

    def _is_wanted(self, seconds: int) -> bool:
        return self.window is None or seconds in self.window

    def _item(self, mailbox: Mailbox, mail: Mail) -> Item:
        title = mailbox.name or self.titles.get("", "")
        return Item(
            identity(mailbox.name, mail.name),
            mail.content,
            mail.seconds,
            CONTENT_TYPE,
            {"mailbox": title, "format": mailbox.format, **mail.metadata},
            problem=mail.problem,
        )


def identity(mailbox: str, mail: str) -> str:
    """Return the id of a mail: the mailbox's name and its own."""
    return f"{mailbox}/{mail}" if mailbox else mail


def _reason(error: OSError | NotMbox) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return str(error)
