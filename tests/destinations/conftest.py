"""Homes with rows, and destinations for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from dataq_assets.delivery.delivering import Delivering
from dataq_assets.delivery.records import Records
from dataq_lake.lake import Lake, open_lake
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from dataq_resources.destinations import Destination, DestinationConfig
from tests.destinations.receiver import Receiver, receiving

QUICK = {"backoff_seconds": 0.01, "breaker_seconds": 0.05, "allow_private": True}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(tmp_path / "home" / "lake")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def add_items(lake: Lake, start: int, count: int) -> list[str]:
    """Rows of the table items, with ids from `start` on."""
    table = lake.table("items").table
    ids = [f"{number:032x}" for number in range(start, start + count)]
    rows = [
        {
            "item_id": each,
            "source": "orchard",
            "title": f'Äpfel {each[-4:]}\n"quoted"',
            "timestamp": datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
            "text_length": start + number,
            "payload": b"never delivered",
        }
        for number, each in enumerate(ids)
    ]
    lake.table("items").append([pa.RecordBatch.from_pylist(rows, schema=table.schema)])
    return ids


def http(receiver: Receiver, name: str = "crm", **more: Any) -> Destination:
    """A destination that sends items to the receiver; `more` are settings of either level."""
    fields = DestinationConfig.model_fields
    own = {key: value for key, value in more.items() if key in fields}
    config = {"url": receiver.url, **QUICK}
    config |= {key: value for key, value in more.items() if key not in fields}
    given = {"plugin": "http_api", "table": "items", "batch_rows": 10, "config": config, **own}
    return Destination(name, DestinationConfig.model_validate(given))


@pytest.fixture
def deliver(lake: Lake) -> Callable[[Destination], dict[str, int]]:
    """Runs a destination as its asset does, and returns its counts."""

    def run(destination: Destination) -> dict[str, int]:
        delivering = Delivering(destination, lake, "run")
        Changes(delivering.rounds()).commit(lake, CommitInfo("run"))
        return delivering.facts

    return run


def states(lake: Lake, name: str = "crm") -> dict[str, int]:
    """Rows of a destination by the state that they are in."""
    last = Records(lake, name).latest().group_by("state").agg(pl.col("rows").sum())
    return dict(last.collect().iter_rows())
