"""A table whose rows come, change and go, and a receiver's copy of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from dataq_lake.difference import Difference
from dataq_lake.lake import Lake

TABLE = "quarantine"


def put(lake: Lake, rows: dict[str, str]) -> None:
    """Rows of the table by id, with this reason, in place of those that are there."""
    table = lake.table(TABLE)
    told = [{"id": key, "reason": reason, "source": "orchard"} for key, reason in rows.items()]
    batch = pa.RecordBatch.from_pylist(told, schema=table.table.schema)
    there = set(table.scan(["id"]).collect()["id"])
    table.apply(Difference([batch], sorted(there & rows.keys())))


def take(lake: Lake, *keys: str) -> None:
    """Takes rows away."""
    lake.table(TABLE).apply(Difference([], list(keys)))


def there(lake: Lake) -> dict[str, str]:
    """What the table has: id to reason."""
    return dict(lake.table(TABLE).scan(["id", "reason"]).collect().iter_rows())


def copied(changes: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a receiver has that takes changes as they come, and no older one after a newer."""
    rows: dict[str, dict[str, Any]] = {}
    versions: dict[str, int] = {}
    for each in changes:
        key, version = each["key"], each["version"]
        assert set(each) == {"op", "key", "version", "idempotency_key", "row"}
        assert version >= versions.get(key, 0), f"{key}: {version} came after {versions[key]}"
        versions[key] = version
        if each["op"] == "delete":
            assert each["row"] is None
            rows.pop(key, None)
        else:
            assert each["op"] == "upsert"
            rows[key] = each["row"]
    return rows


def reasons(changes: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The same as `there`."""
    return {key: row["reason"] for key, row in copied(changes).items()}
