"""One interface, several engines: what is the same for all, and what each refuses."""

from __future__ import annotations

import pytest

from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from tests.lake.conftest import Rows

pytestmark = pytest.mark.usefixtures("engine")


def test_versions(lake: Lake, rows: Rows) -> None:
    handle = lake.table("quarantine")
    first = handle.append([rows("quarantine", ["a", "b"])])
    second = handle.insert_new([rows("quarantine", ["b", "c", "c"])])
    third = handle.apply(Difference([rows("quarantine", ["a"], state="new")], ["a", "b"]))
    assert (first.rows, second.rows, third.rows, third.deleted) == (2, 1, 1, 2)
    ids = [sorted(handle.scan(["id"], w.version).collect()["id"]) for w in (first, second, third)]
    assert ids == [["a", "b"], ["a", "b", "c"], ["a", "c"]]
    times = [commit.time for commit in handle.history()][:3][::-1]
    assert [handle.scan(as_of=time).collect().height for time in times] == [2, 3, 2]
