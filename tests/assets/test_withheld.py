"""What breaks a blocking check stays out of the index until it is mended; the rest publishes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from dataq_assets.stages.check import Check, Verdict
from dataq_assets.stages.indexes import publication
from dataq_lake.difference import Difference
from dataq_lake.indexes.publish import publish
from dataq_lake.search import search
from tests.assets.way import Way, gone, item

ALL_BUT_INDEX = ("gate", "assets", "texts", "segments", "embeddings")
GOOD = item("heron.txt", b"A heron stands in the river.\n")
BAD = item("spider.txt", b"A spider sits in the well.\n")


def paths(way: Way, words: str) -> set[str]:
    return {hit.path for hit in search(way.lake, words, 10, mode="text")}


def replace_row(way: Way, table: str, row: dict[str, Any], **values: Any) -> None:
    handle = way.lake.table(table)
    key = handle.table.key[0]
    new = pa.RecordBatch.from_pylist([{**row, **values}], schema=handle.table.schema)
    handle.apply(Difference([new], [row[key]], key))


def segment_of(way: Way, path: str) -> dict[str, Any]:
    (asset,) = way.rows("assets", path=path)
    (segment,) = way.rows("segments", asset_id=asset["id"])
    return segment


@pytest.fixture
def broken(way: Way) -> Way:
    """Two files ready for the index, of which one's segment ends where it begins."""
    way.observe(GOOD, BAD)
    way.derive(*ALL_BUT_INDEX)
    segment = segment_of(way, "spider.txt")
    replace_row(way, "segments", segment, end_marker=segment["start_marker"])
    return way


def mend(way: Way) -> None:
    segment = segment_of(way, "spider.txt")
    end = {**segment["start_marker"], "char": len(segment["text"])}
    replace_row(way, "segments", segment, end_marker=end)


def test_the_rest_publishes_and_what_is_mended_follows(broken: Way) -> None:
    assert broken.publish().added == 1
    assert paths(broken, "heron") == {"heron.txt"}
    assert paths(broken, "spider") == set()
    assert not broken.publish().changed

    mend(broken)
    assert broken.publish().added == 1
    assert paths(broken, "spider") == {"spider.txt"}
    assert broken.broken_checks() == []


def test_what_is_withheld_is_told_and_is_not_pending(broken: Way) -> None:
    found = publication(broken.lake, broken.model)
    by_places = found.withheld["segments: segments_have_places"]
    assert by_places == 1
    broken.publish()
    (told,) = [each for each in broken.broken_checks() if "segments_have_places" in each]
    assert segment_of(broken, "spider.txt")["id"] in told
    assert [each for each in broken.broken_checks() if "index_is_current" in each] == []


def test_what_was_published_before_stays(way: Way) -> None:
    way.observe(GOOD, BAD)
    way.derive()
    segment = segment_of(way, "spider.txt")
    replace_row(way, "segments", segment, end_marker=segment["start_marker"])
    way.observe(item("owl.txt", b"An owl looks at the moon.\n"))
    way.derive()
    assert paths(way, "spider") == {"spider.txt"}
    assert paths(way, "owl") == {"owl.txt"}


def test_a_withheld_version_leaves_with_its_file(broken: Way) -> None:
    broken.publish()
    broken.observe(gone("spider.txt", 1))
    broken.derive()
    assert publication(broken.lake, broken.model).withheld == {}
    assert broken.broken_checks("index_is_current") == []


def test_an_item_that_is_counted_twice_withholds_its_segments(way: Way) -> None:
    way.observe(GOOD, BAD)
    way.derive(*ALL_BUT_INDEX)
    (row,) = way.rows("items", source_id="spider.txt")
    handle = way.lake.table("quarantine")
    twice = {"id": "q", "item_id": row["item_id"], "stage": "gate", "state": "open"}
    handle.append([pa.RecordBatch.from_pylist([twice], schema=handle.table.schema)])
    way.publish()
    assert publication(way.lake, way.model).withheld == {"items: accounting": 1}
    assert paths(way, "spider heron") == {"heron.txt"}
    handle.apply(Difference(gone=["q"]))
    way.publish()
    assert paths(way, "spider heron") == {"heron.txt", "spider.txt"}


def test_two_latest_versions_withhold_each_other(way: Way) -> None:
    way.observe(GOOD, BAD, item("owl.txt", b"An owl looks at the moon.\n"))
    way.derive(*ALL_BUT_INDEX)
    first = segment_of(way, "heron.txt")["asset_id"]
    (second,) = way.rows("entities", id=segment_of(way, "spider.txt")["asset_id"])
    replace_row(way, "entities", second, version_of=first)
    way.publish()
    assert paths(way, "spider heron owl") == {"owl.txt"}


def test_nothing_is_judged_where_nothing_is_new(way: Way) -> None:
    way.observe(GOOD)
    way.derive()

    def judge(check: Check) -> Verdict:
        raise AssertionError(check.name)

    assert not publish_with(way, judge)
    way.observe(BAD)
    way.derive(*ALL_BUT_INDEX)
    with pytest.raises(AssertionError):
        publish_with(way, judge)


def test_the_verdicts_of_somebody_else_count(way: Way) -> None:
    way.observe(GOOD)
    way.derive(*ALL_BUT_INDEX)
    judged: list[str] = []

    def judge(check: Check) -> Verdict:
        judged.append(check.name)
        return Verdict(True)

    assert publish_with(way, judge)
    assert {"observed_once", "accounting", "offsets_lead_back"} <= set(judged)


def publish_with(way: Way, judge: Any) -> bool:
    return publish(way.lake, publication(way.lake, way.model, judge=judge)).changed
