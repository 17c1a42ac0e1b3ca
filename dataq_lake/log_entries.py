"""What a Delta log says: its actions, replayed into the files and settings of a table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from dataq_lake.errors import UpgradeDataq

SCHEMA_VERSION = "dataq.schemaVersion"


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a snapshot; `path` is relative to the table, `size` in bytes."""

    path: str
    size: int
    stats: str

    @property
    def rows(self) -> int | None:
        """How many rows the log says it has, None where it does not say."""
        count = json.loads(self.stats).get("numRecords") if self.stats else None
        return None if count is None else int(count)


@dataclass(frozen=True)
class Commit:
    """One version of a table: when, by which run and asset, and what it did."""

    version: int
    time: datetime
    operation: str
    run_id: str
    asset: str
    rows: int
    deleted: int
    bytes: int
    files: int
    commit_id: str


@dataclass(frozen=True)
class Snapshot:
    """The files and settings of a table at `version`."""

    version: int
    files: tuple[DataFile, ...]
    configuration: dict[str, str]
    columns: tuple[str, ...]

    @property
    def schema_version(self) -> int:
        """The version of DataQ's schema that the table was last written with."""
        text = self.configuration.get(SCHEMA_VERSION, "1")
        if not (text.isascii() and text.isdigit() and int(text)):
            raise UpgradeDataq(
                f"a table says it has schema version {text[:32]!r}, which this DataQ never wrote: "
                "upgrade DataQ, or restore the table from a backup"
            )
        return int(text)


@dataclass
class Replay:
    """What a table is after the actions that were applied, in order."""

    files: dict[str, DataFile] = field(default_factory=dict)
    configuration: dict[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    def apply(self, action: dict[str, Any]) -> None:
        """Takes one action; raises UpgradeDataq for what this reader does not know."""
        if add := action.get("add"):
            if add.get("deletionVector"):
                raise UpgradeDataq("deletion vectors are not read here: use delta_scan of DuckDB")
            path = _inside(unquote(add["path"]))
            self.files[path] = DataFile(path, add["size"], add.get("stats") or "")
        elif remove := action.get("remove"):
            self.files.pop(unquote(remove["path"]), None)
        elif meta := action.get("metaData"):
            self.configuration = dict(meta.get("configuration") or {})
            self.columns = tuple(f["name"] for f in json.loads(meta["schemaString"])["fields"])
        elif (protocol := action.get("protocol")) and protocol["minReaderVersion"] > 1:
            raise UpgradeDataq(
                f"the table needs Delta reader version {protocol['minReaderVersion']}, DataQ reads "
                "version 1: upgrade DataQ, or drop the feature from the table"
            )

    def at(self, version: int) -> Snapshot:
        """What the table is, called `version`."""
        return Snapshot(version, tuple(self.files.values()), self.configuration, self.columns)


def commit_of(version: int, info: dict[str, Any]) -> Commit:
    """What the commitInfo of a version tells."""
    return Commit(
        version,
        datetime.fromtimestamp(info.get("timestamp", 0) / 1000, UTC),
        str(info.get("operation", "")),
        str(info.get("run_id", "")),
        str(info.get("asset", "")),
        int(info.get("rows", 0)),
        int(info.get("deleted", 0)),
        int(info.get("bytes", 0)),
        int(info.get("files", 0)),
        str(info.get("commit_id", "")),
    )


def _inside(path: str) -> str:
    """`path`, if it lies in the table's own folder: what is elsewhere is none of ours to read."""
    if path.startswith("/") or ":" in path.partition("/")[0] or ".." in path.split("/"):
        raise UpgradeDataq(f"the log names a file outside of its table: {path}")
    return path
