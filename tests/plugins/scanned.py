"""A folder archived by the real file_scanner process: what every test of it stands on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dataq_plugins.host import Item, PluginProcess, PluginSpec, Window
from dataq_plugins.registry import argv_for
from dataq_plugins.sources.file_scanner.state import Sent, Standing, pack, unpack

ARGV = argv_for("file_scanner")

# Root reads everything: these two capabilities are what makes it so. 24 is PR_CAPBSET_DROP.
_ORDINARY = (
    "import ctypes, os, sys\n"
    "for capability in (1, 2):\n"
    "    assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


def ordinary_argv() -> tuple[str, ...]:
    """The command of a scanner that permissions hold for, also where the tests run as root."""
    return (sys.executable, "-c", _ORDINARY, *ARGV) if os.geteuid() == 0 else ARGV


def settings(**values: object) -> dict[str, str]:
    """Settings as they travel: strings verbatim, everything else as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }


@dataclass
class Scanned:
    """A source with its state and with what an archive of it would hold."""

    process: PluginProcess
    roots: tuple[Path, ...]
    state: bytes | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    times: dict[str, int | None] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    sent: list[Item] = field(default_factory=list)

    def windows(self) -> list[Window]:
        return self.process.discover(self.state, "monthly").windows

    def extract(self, window: Window | None = None, *, full: bool = False) -> list[Item]:
        """Take in one extraction and return its items."""
        items: list[Item] = []
        for batch in self.process.extract(window, self.state, full):
            items += batch.items
            self.state = batch.state if batch.state is not None else self.state
        for item in items:
            self._apply(item)
        self.sent += items
        return items

    def sync(self) -> list[Item]:
        """Extract every window that changed, one at a time."""
        return [item for window in self.windows() for item in self.extract(window)]

    def settle(self) -> None:
        """Trust every signature now, as the next extraction would some seconds later."""
        scope = json.dumps([["", str(self.roots[0])]])
        sent = unpack(self.state or b"", scope)
        known = {
            name: (*signature[:4], 0 if signature[4] == Standing.RACY else signature[4])
            for name, signature in sent.known.items()
        }
        self.state = pack(Sent(known), scope)

    def _apply(self, item: Item) -> None:
        self.files.pop(item.source_id, None)
        self.problems.pop(item.source_id, None)
        if item.op == "delete":
            return
        if item.problem:
            self.problems[item.source_id] = item.problem
        else:
            assert item.content is not None
            self.files[item.source_id] = item.content
            self.times[item.source_id] = item.timestamp_us


@contextmanager
def scanned(*root: Path, argv: Sequence[str] = ARGV, **values: object) -> Iterator[Scanned]:
    """Start a scanner of these roots with these settings."""
    config = settings(root=[os.fspath(path) for path in root], **values)
    with PluginProcess(PluginSpec("files", tuple(argv), config)) as process:
        yield Scanned(process, root)


def write(root: Path, files: dict[str, str | bytes]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
