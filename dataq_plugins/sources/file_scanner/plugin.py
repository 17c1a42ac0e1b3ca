"""The source `file_scanner`: the files below one or more folders, each version once."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from dataq_plugins.sdk import (
    Discovery,
    Granularity,
    Item,
    Log,
    Plugin,
    Saver,
    State,
    Unreachable,
    Window,
    Windows,
)
from dataq_plugins.sources._folders.protected import Protected
from dataq_plugins.sources._folders.roots import RootMissing, opened
from dataq_plugins.sources._home import dataq_home
from dataq_plugins.sources.file_scanner.extraction import Extraction
from dataq_plugins.sources.file_scanner.scan import RootEmptied, Scan
from dataq_plugins.sources.file_scanner.settings import Settings
from dataq_plugins.sources.file_scanner.state import ForeignState, Sent, pack, signature, unpack
from dataq_plugins.sources.file_scanner.walk import Rules, Walk

SECOND = 1_000_000_000
SAVED_FILES = 20_000


class FileScanner(Plugin[Settings]):
    """Files below folders: content, times, mode and owner; what is deleted; what cannot be read."""

    id = "file_scanner"
    name = "Files"
    version = "1"
    time_basis = "modified"

    def configure(self) -> None:
        self.config.roots()
        _ = self._rules

    def check(self) -> None:
        self.configure()
        with self.walk() as walk:
            for root in walk.roots:
                os.scandir(root.fd).close()

    def discover(self, state: bytes | None, granularity: Granularity) -> Discovery:
        """Return the windows of what changed and of what is gone, from names and stats alone."""
        sent, complaint = self._recall(state)
        if complaint:
            print(complaint, file=sys.stderr)
        windows = Windows(granularity)
        with self.walk() as walk:
            scan = Scan(walk, sent.known, self.config.allow_empty)
            for _, entry, differs in scan.changed():
                if differs:
                    windows.add(signature(entry.stat)[1] // SECOND)
            for identity, gone in scan.missing():
                if gone:
                    windows.add(sent.known[identity][1] // SECOND)
        return Discovery(windows.changed())

    def extract(
        self, window: Window | None, state: bytes | None, full: bool
    ) -> Iterator[Item | State | Log]:
        """Yield the files of the window that changed, then what is gone from it."""
        sent, complaint = self._recall(state)
        if complaint:
            yield Log(complaint, "warning")
        with self.walk() as walk:
            scan = Scan(walk, sent.known, self.config.allow_empty)
            saver = Saver(lambda: pack(sent, self._scope), SAVED_FILES)
            yield from Extraction(scan, sent, saver, window, full, self.config.max_bytes).run()
            if any(walk.left_out.values()):
                yield Log(f"left out: {_counted(walk.left_out)}")

    @cached_property
    def _rules(self) -> Rules:
        settings = self.config
        protected = Protected(dataq_home())
        settings.refuse_home(protected)
        return Rules(
            settings.selection(),
            protected,
            settings.gitignore,
            settings.symlinks,
            settings.one_file_system,
            settings.max_bytes,
        )

    @cached_property
    def _scope(self) -> str:
        return json.dumps([[root.label, str(root.path)] for root in self.config.roots()])

    @contextmanager
    def walk(self) -> Iterator[Walk]:
        """Open the roots for one pass; what keeps it from being complete is Unreachable."""
        try:
            rules = self._rules
            with opened(self.config.roots()) as roots:
                yield Walk(roots, rules)
        except RootMissing as error:
            hint = "; is its disk mounted?" if error.errno == errno.ENOENT else ""
            reason = (error.strerror or "cannot be opened").lower()
            raise Unreachable(f"root {error.filename}: {reason}{hint}") from None
        except RootEmptied as error:
            raise Unreachable(f"root {error}") from None

    def _recall(self, state: bytes | None) -> tuple[Sent, str]:
        """Return what was sent before, and a complaint if the state says nothing of these roots."""
        if not state:
            return Sent(), ""
        try:
            return unpack(state, self._scope), ""
        except ForeignState as error:
            return Sent(), f"the state cannot be used, so all files are read again: {error}"


def _counted(left_out: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items()) if count)
