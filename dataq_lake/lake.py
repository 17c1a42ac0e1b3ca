"""The lake at one root: its tables, its blobs, and what its plugins asked to get back."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_lake.blobs import BlobStore
from dataq_lake.errors import LakeMissing
from dataq_lake.names import checked_source, checked_table, is_table
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo, Written

if TYPE_CHECKING:  # opening a lake costs nothing until something is read
    import polars as pl


def open_lake(root: str | Path, must_exist: bool = False) -> Lake:
    """The lake in folder `root`, made on the first write; LakeMissing if it has to be there."""
    path = Path(root).expanduser().absolute()
    if must_exist and not (path / "tables").is_dir():
        raise LakeMissing(f"no lake at {path}: nothing has been archived yet (try `dataq run`)")
    return Lake(path)


class Lake:
    """One root, one tenant; handles are kept, and each sees what others commit."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.blobs = BlobStore(root / "blobs")
        self._handles: dict[str, TableHandle] = {}

    def table(self, name: str) -> TableHandle:
        """The table called `name`, also before anything is in it; raises UnknownTable."""
        if name not in self._handles:
            handle = TableHandle(
                checked_table(name), self.root / "tables" / name, self.blobs.settle
            )
            if not handle.folder.is_dir():
                _ = handle.table  # a name that nobody declared is refused here, not later
            self._handles[name] = handle
        return self._handles[name]

    def raw(self, source: str) -> TableHandle:
        """The raw table of a source."""
        return self.table(f"raw_{checked_source(source)}")

    def raw_sources(self) -> list[str]:
        """The sources that have a raw table, in order of name."""
        names = self.stored()
        return [name.removeprefix("raw_") for name in names if name.startswith("raw_")]

    def stored(self) -> list[str]:
        """The tables that have a folder, in order of name."""
        try:
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
        states = rows.select("state").collect().to_series()
        return bytes(states[0]) if len(states) else None

    def save_state(self, source: str, state: bytes, run_id: str = "") -> Written:
        """Keeps `state` as the source's latest, after the rows it stands for are committed."""
        import pyarrow as pa

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
