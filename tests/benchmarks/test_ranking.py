"""The measures of a ranking are those calculated by hand."""

from __future__ import annotations

import pytest

from benchmarks.ranking import Quality, mean, ndcg, quality, recall, reciprocal_rank


@pytest.mark.parametrize(
    ("found", "relevant", "expected"),
    [
        ([2], [2], 1.0),
        ([0, 2], [2], 0.6309),  # 1 / log2(3)
        ([1, 2], [2, 1], 0.8597),  # (1 + 2 / 1.5850) / (2 + 1 / 1.5850)
        ([2, 0, 1], [1, 2, 1], 0.7985),  # (2 + 1/2) / (2 + 1 / 1.5850 + 1/2)
        ([0] * 10 + [2], [2], 0.0),
        ([], [2], 0.0),
        ([2] * 10, [2] * 12, 1.0),  # no more than ten can be shown
    ],
)
def test_gain_is_discounted_by_rank(found: list[int], relevant: list[int], expected: float) -> None:
    assert ndcg(found, relevant) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("found", "expected"), [([1], 1.0), ([0, 0, 2, 1], 1 / 3), ([], 0.0), ([0] * 10 + [2], 0.0)]
)
def test_the_first_relevant_hit_counts(found: list[int], expected: float) -> None:
    assert reciprocal_rank(found) == pytest.approx(expected)


def test_recall_is_the_share_found_in_ten() -> None:
    assert recall([2, 0, 1], [2, 2, 1, 1]) == 0.5
    assert recall([0] * 10 + [1], [1]) == 0.0


def test_the_mean_is_of_each_measure() -> None:
    perfect, nothing = quality([2, 1], [1, 2]), quality([0], [2])
    assert perfect == Quality(1.0, 1.0, 1.0)
    assert mean([perfect, nothing]) == Quality(0.5, 0.5, 0.5)
