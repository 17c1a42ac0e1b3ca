"""The lake at one root: its tables, its blobs, and what its plugins asked to get back."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from dataq_lake.blobs import blobs_in
from dataq_lake.engine import engine_of
from dataq_lake.errors import LakeMissing
from dataq_lake.folders import private_folder
from dataq_lake.location import Location, located
from dataq_lake.lost_files import telling_lost_files
from dataq_lake.names import checked_source, checked_table, is_table
from dataq_lake.objects.path import ObjectPath
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo, Written

if TYPE_CHECKING:  # opening a lake costs nothing until something is read
    from pathlib import Path

    import polars as pl

    from dataq_lake.answer import Answer
    from dataq_lake.ducklake.catalogue import Catalogue
    from dataq_lake.indexes.snapshot import Snapshot
    from dataq_lake.interface import LakeTable
    from dataq_lake.limits import Limits
    from dataq_lake.log import DeltaLog


SPILL_SECONDS = 86_400


def open_lake(root: str | Location, must_exist: bool = False) -> Lake:
    """The lake at `root`, a folder or s3://bucket/prefix, made on the first write.

    Raises LakeMissing if it has to be there.
    """
    path = located(root)
    if must_exist and not (path / "tables").is_dir():
        raise LakeMissing(f"no lake at {path}: nothing has been archived yet (try `dataq run`)")
    return Lake(path)


class Lake:
    """One root, one tenant; handles are kept, and each sees what others commit."""

    def __init__(self, root: Location) -> None:
        self.root = root
        self.blobs = blobs_in(root / "blobs")
        self._handles: dict[str, LakeTable] = {}

    def table(self, name: str) -> LakeTable:
        """The table called `name`, also before anything is in it; raises UnknownTable."""
        if name not in self._handles:
            folder = self.root / "tables" / checked_table(name)
            handle = self._opened(name, folder)
            if not folder.is_dir():
                _ = handle.table  # a name that nobody declared is refused here, not later
            self._handles[name] = handle
        return self._handles[name]

    @cached_property
    def catalogue(self) -> Catalogue | None:
        """Where a lake on DuckLake keeps its tables, None for one of Delta tables."""
        engine = engine_of(self.root)
        if engine.kind == "delta":
            return None
        from dataq_lake.ducklake.catalogue import catalogue_of

        return catalogue_of(engine, self.root)

    def _opened(self, name: str, folder: Location) -> LakeTable:
        if self.catalogue is not None:
            from dataq_lake.ducklake.table import DuckLakeTable

            return DuckLakeTable(self.catalogue, name, self.settle)

        def pinned(log: DeltaLog) -> set[int]:
            from dataq_lake.cleaning import pinned_versions

            return pinned_versions(self, name, log)

        return TableHandle(name, folder, self.settle, pinned)

    def settle(self) -> None:
        """Returns when rows may name the blobs committed so far, and this process may write.

        Raises LeaseLost if another process has gone on in this one's place.
        """
        self.blobs.settle()
        if isinstance(self.root, ObjectPath):
            from dataq_lake.objects.lease import check_held

            check_held()

    def at(self, as_of: datetime | str | None) -> Lake:
        """The lake as it was at a time (ISO 8601, UTC if it names no zone) or in a snapshot.

        A snapshot is named by its name or by the first digits of its id; None is the lake as it
        is. Raises NotYet for a time before the lake, UnknownSnapshot, SnapshotGone.
        """
        from dataq_lake.past import past

        return self if as_of is None else past(self, as_of)

    def reading(self) -> AbstractContextManager[None]:
        """A block in which frames of this lake are collected.

        Where a vacuum takes a file within the reading itself, Polars only says that there is no
        such file: the block raises VersionGone, or ContentLost where none should have gone.
        """
        return telling_lost_files(self.root)

    def sql(self, text: str, limits: Limits | None = None) -> Answer:
        """The answer to a question in SQL: `.pl()`, `.arrow()`, `.fetchall()` give its rows.

        Raises FixTheCall with DuckDB's message, UnknownTable, LimitReached, ContentLost.
        """
        from dataq_lake.sql import query

        return query(self, text, limits=limits)

    def index(self, snapshot: str | None = None) -> Snapshot:
        """The search index as it is, or that of a snapshot; raises NothingIndexed."""
        from dataq_lake.indexes.snapshot import open_snapshot

        return open_snapshot(self.root, snapshot)

    def spill_folder(self) -> Path | None:
        """A path on this machine for what a large question puts on disk meanwhile, for it alone.

        It is below the lake, or in the cache. None where that cannot be written to. What a question
        that was killed left there goes after a day.
        """
        spill = self._local() / "tmp"
        try:
            private_folder(spill)
            for old in spill.iterdir():
                if time.time() - old.stat().st_mtime > SPILL_SECONDS:
                    shutil.rmtree(old, ignore_errors=True)
        except OSError:
            return None
        return spill / uuid.uuid4().hex

    def _local(self) -> Path:
        if isinstance(self.root, ObjectPath):
            from dataq_lake.cache import cache_folder

            return cache_folder()
        return self.root

    def drop_spill(self, spill: Path | None) -> None:
        """Removes such a folder, where a question could not do so itself."""
        if spill is not None:
            shutil.rmtree(spill, ignore_errors=True)

    def versions(self) -> dict[str, int]:
        """The version of every table that has one.

        Read against the flow of data: whatever a row found here stands on is then here as well.
        """
        found = {name: self.table(name).version() for name in reversed(self.tables())}
        return {name: version for name, version in found.items() if version is not None}

    def raw(self, source: str) -> LakeTable:
        """The raw table of a source."""
        return self.table(f"raw_{checked_source(source)}")

    def raw_sources(self) -> list[str]:
        """The sources that have a raw table, in order of name."""
        names = self.stored()
        return [name.removeprefix("raw_") for name in names if name.startswith("raw_")]

    def stored(self) -> list[str]:
        """The tables that were ever written to, in order of name."""
        if self.catalogue is not None:
            return self.catalogue.tables()
        try:
            if isinstance(self.root, ObjectPath):
                return sorted(
                    filter(is_table, (each.name for each in (self.root / "tables").iterdir()))
                )
            return sorted(filter(is_table, os.listdir(self.root / "tables")))
        except FileNotFoundError:
            return []

    def tables(self) -> list[str]:
        """Every table: those of each source, then those derived from them, empty or not."""
        from dataq_lake.schemas import TABLES

        return [*(f"raw_{source}" for source in self.raw_sources()), *TABLES]

    def lost_files(self) -> list[str]:
        """The files, as table/file, that are in a log but not on disk; nothing is read."""
        handles = [self.table(name) for name in self.stored()]
        paths = [(handle, path) for handle in handles for path in handle.files()]
        return [f"{handle.name}/{path.name}" for handle, path in paths if not path.is_file()]

    def state(self, source: str) -> bytes | None:
        """What the source's plugin last asked to get back, None before it ever did."""
        rows = self._states(source).sort("sequence", descending=True).limit(1)
        with telling_lost_files(self.root):
            states = rows.select("state").collect().to_series()
        return bytes(states[0]) if len(states) else None

    def save_state(self, source: str, state: bytes, run_id: str = "") -> Written:
        """Keeps `state` as the source's latest, after the rows it stands for are committed."""
        import pyarrow as pa

        with telling_lost_files(self.root):
            last = self._states(source).select("sequence").max().collect().item()
        row = {
            "source": checked_source(source),
            "sequence": 0 if last is None else last + 1,
            "state": state,
            "saved_at": datetime.now(UTC),
            "run_id": run_id,
        }
        handle = self.table("plugin_state")
        batch = pa.RecordBatch.from_pylist([row], schema=handle.table.schema)
        return handle.append([batch], CommitInfo(run_id, f"raw_{source}"))

    def _states(self, source: str) -> pl.LazyFrame:
        import polars as pl

        return self.table("plugin_state").scan().filter(pl.col("source") == source)
