"""The source `file_scanner`: the files below one or more folders, each version once."""

from __future__ import annotations

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
    State,
    Unreachable,
    Window,
    window_around,
)
from dataq_plugins.sources.file_scanner.extraction import Extraction
from dataq_plugins.sources.file_scanner.protected import Protected, dataq_home
from dataq_plugins.sources.file_scanner.roots import RootMissing, opened
from dataq_plugins.sources.file_scanner.saver import Saver
from dataq_plugins.sources.file_scanner.scan import RootEmptied, Scan
from dataq_plugins.sources.file_scanner.settings import Settings
from dataq_plugins.sources.file_scanner.state import ForeignState, Known, signature, unpack
from dataq_plugins.sources.file_scanner.walk import Rules, Walk

SECOND = 1_000_000_000


class FileScanner(Plugin[Settings]):
    """Files below folders: content, times, mode and owner; what is deleted; what cannot be read."""

    id = "file_scanner"
    name = "Files"
    version = "1"
    time_basis = "modified"

    def configure(self) -> None:
        self.config.selection()
        self.config.refuse_home(self._rules.protected)

    def check(self) -> None:
        self.configure()
        with self._walk() as walk:
            for root in walk.roots:
                os.scandir(root.fd).close()

    def discover(self, state: bytes | None, granularity: Granularity) -> Discovery:
        """Return the windows of what changed and of what is gone, from names and stats alone."""
        known, complaint = self._recall(state)
        if complaint:
            print(complaint, file=sys.stderr)
        windows: Counter[Window] = Counter()
        with self._walk() as walk:
            scan = Scan(walk, known, self.config.allow_empty)
            for _, entry, differs in scan.changed():
                if differs:
                    seconds = signature(entry.stat)[1] // SECOND
                    windows[window_around(seconds, granularity)] += 1
            for identity, gone in scan.missing():
                if gone:
                    windows[window_around(known[identity][1] // SECOND, granularity)] += 1
        return Discovery(
            [Window(window.start, window.end, count) for window, count in windows.items()]
        )

    def extract(
        self, window: Window | None, state: bytes | None, full: bool
    ) -> Iterator[Item | State | Log]:
        """Yield the files of the window that changed, then what is gone from it."""
        known, complaint = self._recall(state)
        if complaint:
            yield Log(complaint, "warning")
        with self._walk() as walk:
            scan = Scan(walk, known, self.config.allow_empty)
            saver = Saver(known, self._scope)
            yield from Extraction(scan, saver, window, full, self.config.max_bytes).run()
            if walk.left_out:
                yield Log(f"left out: {_counted(walk.left_out)}")

    @cached_property
    def _rules(self) -> Rules:
        settings = self.config
        return Rules(
            settings.selection(),
            Protected(dataq_home()),
            settings.gitignore,
            settings.symlinks,
            settings.one_file_system,
            settings.max_bytes,
        )

    @cached_property
    def _scope(self) -> str:
        return json.dumps([[root.label, str(root.path)] for root in self.config.roots()])

    @contextmanager
    def _walk(self) -> Iterator[Walk]:
        """Open the roots for one pass; what keeps it from being complete is Unreachable."""
        try:
            with opened(self.config.roots()) as roots:
                yield Walk(roots, self._rules)
        except RootMissing as error:
            reason = (error.strerror or "cannot be opened").lower()
            raise Unreachable(f"root {error.filename}: {reason}; is its disk mounted?") from None
        except RootEmptied as error:
            raise Unreachable(f"root {error}") from None

    def _recall(self, state: bytes | None) -> tuple[Known, str]:
        """Return what was sent before, and a complaint if the state says nothing of these roots."""
        if not state:
            return {}, ""
        try:
            return unpack(state, self._scope), ""
        except ForeignState as error:
            return {}, f"the state cannot be used, so all files are read again: {error}"


def _counted(left_out: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items()))
