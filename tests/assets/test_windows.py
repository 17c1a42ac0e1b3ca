"""Windows: every time has one, and what changed is clustered into few runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_assets.stages.windows import FORMATS, Granularity, Windowing

NOW = int(datetime(2026, 5, 17, 13, 30, tzinfo=UTC).timestamp())
FIRST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
TIMES = st.integers(FIRST, NOW)


@pytest.mark.parametrize(
    ("granularity", "label"),
    [
        ("hourly", "2026-05-17-13"),
        ("daily", "2026-05-17"),
        ("monthly", "2026-05"),
        ("yearly", "2026"),
    ],
)
def test_labels(granularity: Granularity, label: str) -> None:
    assert Windowing(granularity, FIRST).label(NOW * 1_000_000, NOW * 1_000_000) == label


@given(st.sampled_from(sorted(FORMATS)), TIMES)
def test_a_time_lies_in_its_window(granularity: Granularity, time: int) -> None:
    windowing = Windowing(granularity, FIRST)
    start, end = windowing.bounds(windowing.label(time * 1_000_000, NOW * 1_000_000))
    assert start <= time < end


def test_times_outside_are_filed_in_the_nearest_window() -> None:
    windowing = Windowing("monthly", FIRST)
    assert windowing.label(-5, NOW * 1_000_000) == "2000-01"
    assert windowing.label((NOW + 10**9) * 1_000_000, NOW * 1_000_000) == "2026-05"


def test_labels_of_a_range() -> None:
    windowing = Windowing("monthly", FIRST)
    start = int(datetime(2025, 11, 30, tzinfo=UTC).timestamp())
    end = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp())
    assert windowing.labels(start, end, NOW) == ["2025-11", "2025-12", "2026-01"]
    assert windowing.labels(start, start, NOW) == ["2025-11"]


def test_clusters_bridge_short_gaps() -> None:
    windowing = Windowing("monthly", FIRST)
    labels = ["2026-05", "2020-01", "2020-02", "2020-12", "2022-01"]
    assert windowing.clusters(labels) == [
        ("2020-01", "2020-12"),
        ("2022-01", "2022-01"),
        ("2026-05", "2026-05"),
    ]
    assert windowing.clusters([]) == []
