"""Reads a Delta log directly: a table's snapshot for the price of a few small files.

Opening a table through an engine costs 3 to 15 ms and grows with the log, and every run opens every
table. Format: https://github.com/delta-io/delta/blob/master/PROTOCOL.md (classic checkpoints,
reader version 1). Whatever this reader does not know, it refuses; it never guesses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import accumulate
from typing import Any

from dataq_lake.errors import NoSuchVersion, NotYet, TableDamaged, VersionGone
from dataq_lake.location import Location
from dataq_lake.log_entries import Commit, Replay, Snapshot, commit_of

_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(\.\d{10}\.\d{10})?\.parquet")
_COMMIT = re.compile(r"(\d{20})\.json")


class DeltaLog:
    """The log of one table in `folder`; remembers the last snapshot and reads only what is new."""

    def __init__(self, folder: Location) -> None:
        self.folder = folder / "_delta_log"
        self._replay = Replay()
        self._version = -1
        self._latest: Snapshot | None = None
        self._seen: object = None
        self.generation = 0  # counts how often the log had to be read from the start

    def latest(self) -> Snapshot | None:
        """The newest snapshot, None where there is no table; costs two stats if nothing is new.

        Raises TableDamaged where there is a log that cannot be read from its start.
        """
        if self._version < 0 or self._stamp(self._version) != self._seen:
            self._restart()
        self._advance()
        if self._version < 0 and (missing := self.gaps()):
            # Who took this for a table that is not there would begin another one in its place.
            raise TableDamaged(missing)
        return self._latest

    def damage(self) -> str:
        """Why the newest version cannot be read, or only by a detour, in words, or ""."""
        missing = self.gaps()
        start = max(self._listing()[1], default=None)
        if missing or start is None:
            return missing
        try:
            self._checkpoint(start)
        except TableDamaged as error:
            return str(error)
        return ""

    def gaps(self) -> str:
        """Which versions are missing without which the newest cannot be read, in words, or ""."""
        commits, checkpoints = self._listing()
        newest = max(commits | checkpoints, default=-1)
        start = max(checkpoints, default=-1)
        missing = [number for number in range(start + 1, newest + 1) if number not in commits]
        if not missing:
            return ""
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        return (
            f"the log of table {self.folder.parent.name} lacks version {missing[0]}{more} of "
            f"{newest}: restore {self.folder} from a backup"
        )

    def at(self, version: int) -> Snapshot:
        """The snapshot of an earlier version; NoSuchVersion where the log does not reach."""
        replay, steps = self._start(version)
        self._go_on(replay, steps)
        return replay.at(version)

    def files_of(self, versions: Iterable[int]) -> set[str]:
        """The files that any of these versions is made of, in one pass; raises NoSuchVersion."""
        commits, checkpoints = self._listing()
        found: set[str] = set()
        replay, reached = Replay(), None
        for version in sorted(set(versions)):
            steps = range(-1 if reached is None else reached + 1, version + 1)
            if not commits.issuperset(steps) or checkpoints.intersection(steps):
                replay, steps = self._start(version)
            self._go_on(replay, steps)
            found |= replay.files.keys()
            reached = version
        return found

    def unneeded(self, kept: Iterable[int]) -> list[Location]:
        """The commits and checkpoints that none of the versions `kept` needs to be read.

        What follows the checkpoint that a reader begins with is always needed.
        """
        commits, checkpoints = self._listing()
        hint = self._newest_checkpoint()
        if hint is None:
            return []
        need_commits = {number for number in commits if number >= hint}
        need_checkpoints = {number for number in checkpoints if number >= hint}
        for version in kept:
            start = max((v for v in checkpoints if v <= version), default=-1)
            need_checkpoints.add(start)
            need_commits.update(range(max(start, 0), version + 1))
        gone: list[Location] = [
            self.folder / f"{number:020}.json" for number in sorted(commits - need_commits)
        ]
        for number in sorted(checkpoints - need_checkpoints):
            gone += sorted(self.folder.glob(f"{number:020}.checkpoint*.parquet"))
        return gone

    def _start(self, version: int) -> tuple[Replay, range]:
        """The checkpoint before `version`, and the commits from there on."""
        commits, checkpoints = self._listing()
        start = max((v for v in checkpoints if v <= version), default=-1)
        steps = range(start + 1, version + 1)
        if version < 0 or not commits.issuperset(steps) or (start < 0 and 0 not in commits):
            raise _missing(self.folder.parent.name, version, sorted(commits | checkpoints))
        return self._checkpoint(start) if start >= 0 else Replay(), steps

    def _go_on(self, replay: Replay, steps: Iterable[int]) -> None:
        for number in steps:
            for action in self._actions(number):
                replay.apply(action)

    def version_at(self, time: datetime) -> int:
        """The newest version committed at or before `time`.

        Where the clock went back, a version counts as no older than the one before it.
        """
        commits = self._unbroken()
        times = accumulate((commit.time for commit in commits), max)
        found = [each.version for each, at in zip(commits, times, strict=True) if at <= time]
        if found:
            return found[-1]
        name, oldest = self.folder.parent.name, commits[0].version if commits else 0
        if oldest == 0:
            raise NotYet(f"{name} had no version yet at {time.isoformat()}")
        raise VersionGone(
            f"the versions of {name} before {oldest} were cleaned up, so nobody can tell how it "
            f"was at {time.isoformat()}: `dataq snapshots list` shows what is kept from longer ago"
        )

    def _unbroken(self) -> list[Commit]:
        """The commits up to the newest, oldest first, from the last gap that a clean-up left."""
        kept: list[Commit] = []
        for commit in self.history():
            if kept and commit.version != kept[-1].version - 1:
                break
            kept.append(commit)
        return kept[::-1]

    def history(self) -> Iterator[Commit]:
        """The commits still in the log, newest first."""
        for version in sorted(self._listing()[0], reverse=True):
            commit = self._told(version)
            if commit is not None:
                yield commit

    def commit_version(self, commit_id: str, after: int) -> int | None:
        """The version later than `after` that carries `commit_id`, None if it never landed."""
        version = after + 1
        while (commit := self._told(version)) is not None:
            if commit.commit_id == commit_id:
                return version
            version += 1
        return None

    def _told(self, version: int) -> Commit | None:
        """What a commit says of itself; None if there is no such commit."""
        try:
            found = [
                action["commitInfo"] for action in self._actions(version) if "commitInfo" in action
            ]
        except FileNotFoundError:
            return None
        return commit_of(version, found[0] if found else {})

    def _restart(self) -> None:
        self._replay, self._version, self._seen = Replay(), -1, None
        self.generation += 1
        start = self._newest_checkpoint()
        if start is not None:
            try:
                self._replay, self._version = self._checkpoint(start), start
            except TableDamaged:
                if not (self.folder / f"{0:020}.json").exists():
                    raise  # otherwise the commits tell the same, only slower

    def _newest_checkpoint(self) -> int | None:
        try:
            return int(json.loads((self.folder / "_last_checkpoint").read_bytes())["version"])
        except (FileNotFoundError, ValueError):  # the hint is only a hint: it may be lost or torn
            return max(self._listing()[1], default=None)

    def _advance(self) -> None:
        before = self._version
        for actions in self._later(before):
            for action in actions:
                self._replay.apply(action)
            self._version += 1
        if self._version != before or self._seen is None:
            self._seen = self._stamp_read(self._version) if self._version >= 0 else None
            self._latest = self._replay.at(self._version) if self._version >= 0 else None

    def _later(self, version: int) -> Iterator[list[dict[str, Any]]]:
        """The commits after `version`, as far as there are any."""
        while True:
            version += 1
            try:
                actions = self._actions(version)
            except FileNotFoundError:
                return
            yield actions

    def _stamp(self, version: int) -> object:
        """What tells this commit from another in its place, None if there is none."""
        try:
            stat = (self.folder / f"{version:020}.json").stat()
        except FileNotFoundError:
            return None
        return getattr(stat, "st_ino", 0), stat.st_mtime_ns

    def _stamp_read(self, version: int) -> object:
        """The stamp of the commit that was read last."""
        return self._stamp(version)

    def _actions(self, version: int) -> list[dict[str, Any]]:
        path = self.folder / f"{version:020}.json"
        try:
            return self._parsed(path.read_bytes())
        except ValueError as error:
            raise TableDamaged(
                f"version {version} of table {self.folder.parent.name} cannot be read ({error}): "
                f"restore {path} from a backup"
            ) from error

    @staticmethod
    def _parsed(content: bytes) -> list[dict[str, Any]]:
        return [json.loads(line) for line in content.splitlines() if line]

    def _listing(self) -> tuple[set[int], set[int]]:
        names = [entry.name for entry in self.folder.iterdir()] if self.folder.is_dir() else []
        commits = {int(m[1]) for name in names if (m := _COMMIT.fullmatch(name))}
        checkpoints = {int(m[1]) for name in names if (m := _CHECKPOINT.fullmatch(name))}
        return commits, checkpoints

    def _checkpoint(self, version: int) -> Replay:
        import pyarrow.parquet as pq
        from pyarrow import ArrowException

        from dataq_lake.location import readable

        replay = Replay()
        parts: list[Location] = [*self.folder.glob(f"{version:020}.checkpoint*.parquet")]
        parts.sort(key=str)
        for part in parts or [self.folder / f"{version:020}.checkpoint.parquet"]:
            try:
                rows = pq.ParquetFile(readable(part)).read(columns=["add", "metaData", "protocol"])
            except (OSError, ArrowException) as error:
                told = " ".join(str(error).split())
                raise TableDamaged(
                    f"a checkpoint of table {self.folder.parent.name} cannot be read ({told}): "
                    f"restore {part} from a backup, or remove it if the log has version 0"
                ) from error
            for row in rows.to_pylist():
                if row["metaData"]:
                    row["metaData"]["configuration"] = dict(row["metaData"]["configuration"])
                replay.apply(row)
        return replay


def _missing(table: str, version: int, have: list[int]) -> NoSuchVersion:
    span = f"{have[0]} to {have[-1]}" if have else "none"
    told = f"{table} has no version {version}: versions kept are {span}"
    return VersionGone(told) if have and 0 <= version < have[-1] else NoSuchVersion(told)
