"""How many workers a run starts before its steps ask for them."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from dataq_assets.runs import workers as module
from dataq_assets.runs.news import News
from dataq_assets.runs.workers import MANY_ITEMS, Workers
from dataq_resources.handover import Handover, handing_over
from dataq_resources.progress import Progress
from dataq_resources.sources import SourceConfig

SOURCE = SourceConfig(name="notes", plugin="file_scanner")
WINDOW = (("2026-11", "2026-11"),)


class Pools:
    """Stands in for EarlyPool, and counts."""

    def __init__(self) -> None:
        self.made = self.grown = 0

    def __call__(self, *_: Any) -> Pools:
        self.made += 1
        return self

    def grow(self) -> None:
        self.grown += 1

    def close(self) -> None:
        pass


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> Pools:
    found = Pools()
    monkeypatch.setattr(module, "EarlyPool", found)
    return found


def told(workers: Workers, news: News) -> None:
    asked: Future[News] = Future()
    asked.set_result(news)
    workers.hear_news(asked)


def heard(handover: Handover, *several: News) -> Workers:
    workers = Workers(handover)
    for news in several:
        told(workers, news)
    return workers


def test_no_news_is_no_worker(pools: Pools) -> None:
    with handing_over() as handover:
        heard(handover, News(SOURCE))
    assert (pools.made, pools.grown) == (0, 0)


def test_a_change_is_worth_one_worker_until_it_turns_out_to_be_much(pools: Pools) -> None:
    with handing_over() as handover:
        workers = heard(handover, News(SOURCE, WINDOW), News(SOURCE, WINDOW))
        workers.hear_progress(Progress("raw", MANY_ITEMS - 1))
        workers.hear_progress(Progress("embeddings", MANY_ITEMS))
        assert (pools.made, pools.grown) == (1, 0)
        workers.hear_progress(Progress("raw", MANY_ITEMS))
    assert (pools.made, pools.grown) == (1, 1)


def test_a_first_archive_is_worth_them_all(pools: Pools) -> None:
    with handing_over() as handover:
        heard(handover, News(SOURCE, WINDOW, is_first=True))
    assert (pools.made, pools.grown) == (1, 1)


def test_who_cannot_be_asked_gets_none(pools: Pools) -> None:
    asked: Future[News] = Future()
    asked.set_exception(RuntimeError("no answer"))
    with handing_over() as handover:
        Workers(handover).hear_news(asked)
    assert pools.made == 0
