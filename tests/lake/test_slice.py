"""A slice is what an asset gets for an input: nothing is read before it is asked."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dataq_lake.lake import Lake
from dataq_lake.slice import Slice
from tests.lake.conftest import Rows

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def full(lake: Lake, rows: Rows) -> Lake:
    for source in ("mail", "files"):
        for month in ("2026-10", "2026-11"):
            ids = [f"{source}-{month}-{n}" for n in range(3)]
            lake.raw(source).append([rows(f"raw_{source}", ids, window=month, payload=b"x")])
    return lake


def ids(batches: list[pa.RecordBatch]) -> list[str]:
    return sorted(id_ for batch in batches for id_ in batch.column("item_id").to_pylist())


def test_windows_of_one_source(full: Lake) -> None:
    part = Slice(full, "raw_mail", ("2026-11",))
    wanted = [f"mail-2026-11-{n}" for n in range(3)]
    assert part.scan(["item_id"]).collect().to_series().sort().to_list() == wanted
    assert ids(list(part.batches(["item_id", "payload"]))) == wanted
    assert list(Slice(full, "raw_mail", ()).batches()) == []


def test_raw_is_all_sources(full: Lake) -> None:
    assert Slice(full, "raw").scan().collect().height == 12
    assert len(ids(list(Slice(full, "raw", ("2026-10",)).batches()))) == 6
    found = Slice(full, "raw").rows(["mail-2026-10-0", "files-2026-11-2"], ["item_id", "payload"])
    assert ids(list(found)) == ["files-2026-11-2", "mail-2026-10-0"]


def test_an_empty_lake_has_empty_slices(lake: Lake) -> None:
    assert Slice(lake, "raw").scan(["item_id", "payload"]).collect().shape == (0, 2)
    assert list(Slice(lake, "raw").batches()) == []
    assert Slice(lake, "items", ("2026-11",)).windows == ("2026-11",)
    assert not lake.root.exists()
