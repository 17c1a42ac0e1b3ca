"""The parts of delivering, each by itself: encoding, cutting, keeping away."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from itertools import pairwise

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dataq_assets.delivery.encoding import json_lines
from dataq_assets.delivery.packing import cuts, grouped
from dataq_plugins.destinations.http_api.breaker import Breaker

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ROW = st.fixed_dictionaries(
    {
        "id": TEXT,
        "n": st.none() | st.integers(-(2**63), 2**63 - 1),
        "x": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "b": st.none() | st.booleans(),
        "tags": st.none() | st.lists(TEXT),
        "metadata": st.none() | st.dictionaries(TEXT, TEXT),
        "bytes": st.none() | st.binary(),
        "at": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001
    }
)
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("n", pa.int64()),
        ("x", pa.float64()),
        ("b", pa.bool_()),
        ("tags", pa.list_(pa.string())),
        ("metadata", pa.map_(pa.string(), pa.string())),
        ("bytes", pa.binary()),
        ("at", pa.timestamp("us", tz="UTC")),
    ]
)


@given(st.lists(ROW, max_size=20))
def test_rows_are_json_on_one_line_each(rows: list[dict[str, object]]) -> None:
    lines = json_lines(pa.Table.from_pylist(rows, schema=SCHEMA))
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines, strict=True):
        assert b"\n" not in line
        at, data = row["at"], row["bytes"]
        expected = {
            **row,
            "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(at, datetime) else None,
            "bytes": base64.b64encode(data).decode() if isinstance(data, bytes) else None,
        }
        assert json.loads(line) == expected


def test_columns_of_one_kind_alone() -> None:
    table = pa.Table.from_pylist([{"metadata": {"a": "b"}, "id": "x"}], schema=SCHEMA)
    assert json_lines(table.select(["metadata"])) == [b'{"metadata":{"a":"b"}}']
    assert json_lines(table.select(["id"])) == [b'{"id":"x"}']
    assert json_lines(pa.table({"x": [float("nan"), float("inf"), 1.5]})) == [
        b'{"x":null}',
        b'{"x":null}',
        b'{"x":1.5}',
    ]


@given(st.lists(st.integers(0, 100)), st.integers(1, 10), st.integers(1, 200))
def test_cuts_hold_every_row_once_within_the_bounds(sizes: list[int], rows: int, size: int) -> None:
    ends = cuts(sizes, rows, size)
    assert ends[0] == 0
    assert ends[-1] == len(sizes)
    for a, b in pairwise(ends):
        assert 0 < b - a <= rows
        assert b - a == 1 or sum(sizes[a:b]) <= size
        # none ends early: the next row would not have fitted
        assert b == len(sizes) or b - a == rows or sum(sizes[a : b + 1]) > size


@given(st.lists(st.integers(1, 4_000), max_size=12), st.sampled_from([1, 7, 3_000, 20_000]))
def test_groups_hold_every_row_once_in_order(counts: list[int], most: int) -> None:
    batches, start = [], 0
    for count in counts:
        batches.append(pa.record_batch({"n": list(range(start, start + count))}))
        start += count
    groups = list(grouped(batches, most))
    assert [n for each in groups for n in each["n"].to_pylist()] == list(range(start))
    assert all(each.num_rows % most == 0 for each in groups[:-1])


def test_breaker_opens_half_opens_and_closes() -> None:
    now = [0.0]
    breaker = Breaker(3, 30, clock=lambda: now[0])
    breaker.failed()
    breaker.failed()
    breaker.succeeded()
    for _ in range(2):
        breaker.failed()
        assert breaker.is_closed
    breaker.failed()
    assert (breaker.is_closed, breaker.wait()) == (False, 30)
    now[0] = 31
    assert (breaker.is_closed, breaker.wait()) == (False, 0)
    breaker.failed()
    assert breaker.wait() == 30
    now[0] = 62
    breaker.succeeded()
    assert (breaker.is_closed, breaker.wait()) == (True, 0)
