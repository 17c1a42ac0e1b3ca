"""Repeated keys and references to nothing are told as by comparing everything with everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_lake import key_hashes
from dataq_lake.key_hashes import Keys, missing, twice

VALUES = st.lists(st.integers(0, 40), max_size=60)


def keys(values: list[int], size: int = 7) -> Keys:
    """The values in frames of `size` rows."""
    starts = range(0, len(values), size)
    schema = {"0": pl.Int64}
    return lambda: (pl.DataFrame({"0": values[s : s + size]}, schema) for s in starts)


@pytest.fixture(autouse=True, scope="module")
def small_shares() -> Iterator[None]:
    """So few hashes in memory that a list takes several passes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_hashes, "SHARE_ROWS", 8)
        yield


@given(VALUES)
def test_what_is_there_twice(values: list[int]) -> None:
    double = [value for value, count in Counter(values).items() if count > 1]
    found, first = twice(keys(values), len(values))
    assert found == len(double)
    assert first == (str(min(double)) if double else None)


@given(VALUES, VALUES)
def test_what_is_missing(values: list[int], there: list[int]) -> None:
    lost = [value for value in values if value not in there]
    found, first = missing(keys(values), keys(there), len(there))
    assert found == len(lost)
    assert (first is None) == (not lost)
    assert first is None or int(first) in lost


def test_keys_of_several_columns() -> None:
    frame = pl.DataFrame({"0": ["a", "a", "b"], "1": [1, 2, 1]})
    assert twice(lambda: [frame], 3) == (0, None)
    assert twice(lambda: [frame, frame.head(1)], 4) == (1, "a 1")
