"""Assets, segments and mails as a lake's tables have them, for notes that are published."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from dataq_lake.ids import make_id
from dataq_lake.lake import Lake
from tests.search.notes import segment_id


def asset_id(path: str) -> str:
    """The id that `documents` gives the asset at a path."""
    return make_id("asset", path)


def store(lake: Lake, rows: Iterable[dict[str, Any]]) -> None:
    """Puts notes into the tables; what is before the last !/ of a path is what it is inside of.

    A row with `from` is a mail.
    """
    rows = list(rows)
    paths = list(dict.fromkeys(row["path"] for row in rows))
    assets = [
        {
            "id": asset_id(path),
            "path": path,
            "parent_id": asset_id(path.rpartition("!/")[0]) if "!/" in path else None,
        }
        for path in paths
    ]
    segments = [
        {"id": segment_id(row["path"], row["text"]), "asset_id": asset_id(row["path"])}
        for row in rows
    ]
    mails = {row["path"]: row["from"] for row in rows if "from" in row}
    messages = [{"asset_id": asset_id(path), "from": name} for path, name in mails.items()]
    for table, found in (("assets", assets), ("segments", segments), ("messages", messages)):
        handle = lake.table(table)
        if found:
            handle.append([pa.RecordBatch.from_pylist(found, schema=handle.table.schema)])
