"""Whatever happens to a folder, what was sent of it adds up to what is in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.plugins.scanned import Scanned, scanned

NAMES = st.sampled_from(["a.txt", "b.txt", "d/a.txt", "d/e/c.txt", "f/é.md", "d/e"])
CONTENTS = st.sampled_from([b"", b"one", b"two", b"three"])
# Three windows, and times so close that only their microseconds differ.
TIMES = st.sampled_from(
    [0, 1_704_100_000 * 10**9, 1_704_100_000 * 10**9 + 1000, 1_709_300_000 * 10**9]
)


class History(RuleBasedStateMachine):
    """A folder that is changed at random and archived in between."""

    process: Scanned
    root: Path

    @initialize()
    def begin(self) -> None:
        shutil.rmtree(self.root)
        self.root.mkdir()
        source = type(self).process
        self.source = Scanned(source.process, source.roots)

    def there(self, name: str) -> Path | None:
        path = self.root / name
        return path if path.is_file() else None

    @rule(name=NAMES, content=CONTENTS, time=TIMES | st.none())
    def put(self, name: str, content: bytes, time: int | None) -> None:
        path = self.root / name
        if path.is_dir() or any(parent.is_file() for parent in path.parents):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if time is not None:
            os.utime(path, ns=(time, time))

    @rule(name=NAMES, time=TIMES)
    def touch(self, name: str, time: int) -> None:
        if path := self.there(name):
            os.utime(path, ns=(time, time))

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        path = self.root / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()

    @rule(name=NAMES, to=NAMES)
    def rename(self, name: str, to: str) -> None:
        path, target = self.there(name), self.root / to
        if path and target.parent.is_dir() and not target.is_dir():
            path.rename(target)

    @rule()
    def archive_by_window(self) -> None:
        self.source.sync()
        self.compare()

    @rule()
    def archive_at_once(self) -> None:
        self.source.extract()
        self.compare()

    def compare(self) -> None:
        paths = [path for path in self.root.rglob("*") if path.is_file()]
        truth = {str(path.relative_to(self.root)): path for path in paths}
        assert self.source.files == {name: path.read_bytes() for name, path in truth.items()}
        for name, path in truth.items():
            assert self.source.times[name] == path.stat().st_mtime_ns // 1000
        assert self.source.problems == {}
        assert self.source.extract() == []

    def teardown(self) -> None:
        self.source.sync()
        self.compare()


def test_any_history(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with scanned(root, allow_empty=True) as source:
        machine = type("Here", (History,), {"root": root, "process": source})
        run_state_machine_as_test(machine, settings=settings(stateful_step_count=30))
