"""Where a run can be killed: named functions of DataQ, wrapped in the test's own process only.

A point is a moment before or after one call, like "before commit items" for the second time. No
product code knows of it.
"""

from __future__ import annotations

import functools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from dataq_analyzers.workers.cells import NOTHING
from dataq_analyzers.workers.process import WorkerProcess

Call = Callable[..., Any]
Label = Callable[..., str]


@dataclass(frozen=True)
class Point:
    """The `number`-th time of `moment`, at which `victim` is killed: the run or its worker."""

    moment: str
    number: int
    victim: str = "run"

    def __str__(self) -> str:
        return f"{self.victim} {self.moment} #{self.number}"


def _of_table(word: str) -> Label:
    return lambda handle, *_, **__: f"{word} {handle.name}"


def _published(_folder: Any, draft: Path, *_: Any) -> str:
    return f"publish {draft.parent.name}"


def _plain(word: str) -> Label:
    return lambda *_, **__: word


WRAPPED: tuple[tuple[str, str, Label], ...] = (
    ("dataq_lake.committing", "_create", _of_table("create")),
    ("dataq_lake.committing", "_commit", _of_table("commit")),
    ("dataq_lake.committing", "_settle", lambda log, *_: f"settle {log.parent.name}"),
    ("dataq_lake.part_file", "PartFile.close", lambda file: f"file {file.table.name}"),
    ("dataq_lake.settling", "_finish", _plain("blob")),
    ("dataq_lake.lake", "Lake.save_state", _plain("state")),
    ("dataq_lake.indexes.draft", "write_part", _plain("index part")),
    ("dataq_lake.indexes.draft", "write_joined", _plain("index join")),
    ("dataq_lake.indexes.fulltext", "TextWriter.finish", _plain("index text")),
    ("dataq_lake.indexes.folder", "IndexFolder.publish", _published),
    ("dataq_lake.indexes.publish", "record", _plain("index row")),
    ("dataq_analyzers.workers.process", "WorkerProcess.send", _plain("work")),
)
# A small source has several commits, states, rounds and index parts when these are small.
SMALL = (
    ("dataq_lake.writing", "COMMIT_ROWS", 6),
    ("dataq_lake.writing", "PAUSE_SECONDS", 0),
    ("dataq_assets.extraction", "GATHER_ITEMS", 3),
    ("dataq_assets.stages.gate", "ROUND_ROWS", 8),
    ("dataq_assets.stages.assets", "ROUND_ROWS", 8),
    ("dataq_lake.indexes.publish", "_ROWS", 50),
    ("dataq_lake.indexes.draft", "PART_ROWS", 50),
)
PATIENCE_SECONDS = 60.0


@dataclass
class Watch:
    """Counts the moments of this process into `log`, and kills at one of them."""

    log: Path
    kill: Point | None = None
    seen: Counter[str] = field(default_factory=Counter)

    def install(self) -> None:
        """Wrap the functions; a name that is no longer there fails the test."""
        for module, name, label in WRAPPED:
            owner: Any = import_module(module)
            *outer, last = name.split(".")
            for each in outer:
                owner = getattr(owner, each)
            setattr(owner, last, self._around(getattr(owner, last), label))
        for module, name, value in SMALL:
            found = import_module(module)
            assert hasattr(found, name), f"{module}.{name} is gone"
            setattr(found, name, value)

    def _around(self, call: Call, label: Label) -> Call:
        @functools.wraps(call)
        def wrapped(*args: Any, **more: Any) -> Any:
            name = label(*args, **more)
            self.reach(f"before {name}", args[0])
            result = call(*args, **more)
            self.reach(f"after {name}", args[0])
            return result

        return wrapped

    def _is_first(self) -> bool:
        """Of several runs that are to be killed at a moment, only the first to come to it is."""
        try:
            (self.log.parent / "killed").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def reach(self, moment: str, subject: Any) -> None:
        """Note that `moment` has come; end whoever has to die at it."""
        self.seen[moment] += 1
        with self.log.open("a") as file:
            file.write(f"{moment}\n")
        kill = self.kill
        if kill and (kill.moment, kill.number) == (moment, self.seen[moment]) and self._is_first():
            victim = os.getpid() if kill.victim == "run" else _at_work(subject)
            os.kill(victim, signal.SIGKILL)


def _at_work(worker: WorkerProcess) -> int:
    """The process of a worker, once it is in the middle of an item."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while worker.cells.current == NOTHING and time.monotonic() < deadline:
        time.sleep(0)
    return worker.pid
