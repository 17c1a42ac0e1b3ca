"""The source `mailboxes`: mails in mbox files, Maildirs and folders of messages."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dataq_plugins.sdk import (
    Discovery,
    Granularity,
    Item,
    Log,
    Plugin,
    Saver,
    SettingError,
    State,
    Unreachable,
    Window,
    Windows,
)
from dataq_plugins.sources._folders.protected import Protected
from dataq_plugins.sources._folders.roots import OpenRoot, RootMissing, opened
from dataq_plugins.sources._home import dataq_home
from dataq_plugins.sources._patterns import Patterns
from dataq_plugins.sources.mailboxes.extraction import Extraction
from dataq_plugins.sources.mailboxes.finding import Finder
from dataq_plugins.sources.mailboxes.known import Box, ForeignState, Known, pack, unpack
from dataq_plugins.sources.mailboxes.mbox import NotMbox
from dataq_plugins.sources.mailboxes.settings import Settings

SAVED_MAILS = 5_000


class Mailboxes(Plugin[Settings]):
    """Mails as they lie on this machine: their bytes, dates, flags and labels; what is deleted."""

    id = "mailboxes"
    name = "Mailboxes"
    version = "1"
    time_basis = "event"

    def configure(self) -> None:
        self.config.check_patterns()
        protected = Protected(dataq_home())
        for root in self.config.roots():
            if protected.holds(root.path):
                raise SettingError("root", f"{root.path} lies in DataQ's own home")

    def check(self) -> None:
        self.configure()
        with self._opened() as roots:
            for root in roots:
                os.scandir(root.fd).close()

    def discover(self, state: bytes | None, granularity: Granularity) -> Discovery:
        """Return the windows of mails that are new, changed or gone."""
        known, complaint = self._recall(state)
        if complaint:
            print(complaint, file=sys.stderr)
        windows = Windows(granularity)
        with self._opened() as roots:
            finder = self._finder(known)
            found: set[str] = set()
            for root in roots:
                for mailbox in finder.mailboxes(root):
                    found.add(mailbox.name)
                    box = known.get(mailbox.name, Box())
                    try:
                        for news in mailbox.news(box, full=False):
                            windows.add(news.seconds)
                    except (OSError, NotMbox) as error:
                        print(f"WARNING: {mailbox.name}: {error}", file=sys.stderr)
                        continue
                    if mailbox.steady:
                        for name in box.mails.keys() - mailbox.here:
                            windows.add(box.mails[name][1])
            for name in self._missing(known, found, finder, roots):
                for _, seconds in known[name].mails.values():
                    windows.add(seconds)
        return Discovery(windows.changed())

    def extract(
        self, window: Window | None, state: bytes | None, full: bool
    ) -> Iterator[Item | State | Log]:
        """Yield the mails of the window that are new or changed, then what is gone from it."""
        known, complaint = self._recall(state)
        if complaint:
            yield Log(complaint, "warning")
        saver = Saver(lambda: pack(known, self._scope), SAVED_MAILS)
        with self._opened() as roots:
            finder = self._finder(known)
            found: set[str] = set()
            title = roots[0].root.path.name
            extraction = Extraction(known, saver, window, full, {"": title})
            for root in roots:
                for mailbox in finder.mailboxes(root):
                    found.add(mailbox.name)
                    yield from extraction.mailbox(mailbox)
            for path, reason in finder.unread.items():
                yield Log(f"{path or '.'}: {reason}; nothing in it is taken for deleted", "warning")
            for name in self._missing(known, found, finder, roots):
                yield from extraction.missing(name)
            yield saver.state()

    def _finder(self, known: Known) -> Finder:
        config = self.config
        return Finder(
            Patterns(config.exclude),
            Protected(dataq_home()),
            config.variant,
            config.max_bytes,
            frozenset(known),
        )

    def _missing(
        self, known: Known, found: set[str], finder: Finder, roots: list[OpenRoot]
    ) -> list[str]:
        """Return the mailboxes that are no more; raises Unreachable where a root lost all."""
        for root in roots:
            had = any(_lies_in(name, root) and box.mails for name, box in known.items())
            has = any(_lies_in(name, root) for name in found | finder.unread.keys())
            if had and not has and not self.config.allow_empty:
                raise Unreachable(
                    f"root {root.root.path} had mails and has none at all; is its disk mounted? "
                    "allow_empty: true believes it"
                )
        return [
            name
            for name in sorted(known.keys() - found)
            if finder.wants(name)
            and not any(f"{name}/".startswith(f"{path}/") or not path for path in finder.unread)
        ]

    @property
    def _scope(self) -> list[object]:
        return [
            self.config.variant,
            *([root.label, str(root.path)] for root in self.config.roots()),
        ]

    @contextmanager
    def _opened(self) -> Iterator[list[OpenRoot]]:
        try:
            with opened(self.config.roots()) as roots:
                yield roots
        except RootMissing as error:
            hint = "; is its disk mounted?" if error.errno == errno.ENOENT else ""
            reason = (error.strerror or "cannot be opened").lower()
            raise Unreachable(f"root {error.filename}: {reason}{hint}") from None

    def _recall(self, state: bytes | None) -> tuple[Known, str]:
        """Return what was sent before, and a complaint if the state says nothing of these roots."""
        if not state:
            return {}, ""
        try:
            return unpack(state, self._scope), ""
        except ForeignState as error:
            return {}, f"the state cannot be used, so all mails are read again: {error}"


def _lies_in(name: str, root: OpenRoot) -> bool:
    return not root.prefix or f"{name}/".startswith(root.prefix)
