"""Each promise of the tables, broken on purpose: the check says so and names the rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from dataq_assets.stages.check import Check, Verdict, checks_of
from dataq_assets.stages.checks.sources_are_fresh import silent
from dataq_assets.stages.checks.volume_is_usual import unusual
from dataq_assets.stages.deep_check import deep_checks, look
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from dataq_lake.tagging import add as give
from dataq_lake.tagging import remove
from tests.assets.alike import collect, liken, pages, tag
from tests.assets.way import Way, item

LETTER = b"Message-ID: <1@x>\nFrom: ana@x\nTo: jon@x\nSubject: well\n\nThere is a spider.\n"
NOON = datetime(2026, 5, 19, 12, tzinfo=UTC)

Break = Callable[[Way], set[str]]
"""Breaks one promise and returns what the failing rows must name."""


def add(lake: Lake, table: str, *rows: dict[str, Any]) -> None:
    handle = lake.table(table)
    handle.append([pa.RecordBatch.from_pylist(list(rows), schema=handle.table.schema)])


def take(way: Way, table: str, key: str, **where: Any) -> str:
    """Takes one row away and returns its key."""
    row = min(way.rows(table, **where), key=lambda each: str(each[key]))
    way.lake.table(table).apply(Difference(gone=[row[key]], key=key))
    return str(row[key])


def change(way: Way, table: str, key: str, **values: Any) -> dict[str, Any]:
    """Changes one row and returns it as it was."""
    row = min(way.rows(table), key=lambda each: str(each[key]))
    handle = way.lake.table(table)
    new = pa.RecordBatch.from_pylist([{**row, **values}], schema=handle.table.schema)
    handle.apply(Difference([new], [row[key]], key))
    return row


def quarantined(row_id: str, **more: Any) -> dict[str, Any]:
    row = {"id": row_id, "item_id": row_id, "source": "s", "stage": "gate", "state": "open"}
    return {**row, "rule": "empty", **more}


def observe_twice(way: Way) -> set[str]:
    row = way.rows("raw_s")[0]
    add(way.lake, "raw_s", row)
    return {row["item_id"]}


def count_twice(way: Way) -> set[str]:
    item_id = way.rows("items")[0]["item_id"]
    add(way.lake, "quarantine", quarantined(item_id))
    return {item_id}


def lose_an_item(way: Way) -> set[str]:
    return {take(way, "items", "item_id")}


def lose_an_asset(way: Way) -> set[str]:
    asset = way.rows("assets")[0]
    take(way, "assets", "id", id=asset["id"])
    return {asset["item_id"]}


def orphan_a_member(way: Way) -> set[str]:
    return {change(way, "assets", "id", parent_id="f" * 32)["id"]}


def lose_an_entity(way: Way) -> set[str]:
    return {take(way, "entities", "id")}


def have_two_latest(way: Way) -> set[str]:
    first, second, *_ = sorted(row["version_of"] for row in way.rows("entities"))
    way.lake.table("entities").apply(
        Difference(
            [
                pa.RecordBatch.from_pylist(
                    [{**row, "version_of": first} for row in way.rows("entities", id=second)],
                    schema=way.lake.table("entities").table.schema,
                )
            ],
            [second],
        )
    )
    return {first}


def overstate_an_edge(way: Way) -> set[str]:
    edge = {"id": "e" * 32, "source_id": "a", "target_id": "b", "strength": 1.5}
    add(way.lake, "relationships", edge)
    return {"e" * 32}


def lead_an_edge_to_itself(way: Way) -> set[str]:
    edge = {"id": "e" * 32, "source_id": "a", "target_id": "a", "strength": 1.0}
    add(way.lake, "relationships", edge)
    return {"e" * 32}


def lose_a_text(way: Way) -> set[str]:
    text = take(way, "texts", "id")
    return {row["content_hash"] for row in way.rows("analyses", text_id=text)}


def lose_the_text_of_a_segment(way: Way) -> set[str]:
    text = take(way, "texts", "id")
    return {row["id"] for row in way.rows("segments", text_id=text)}


def forget_an_analysis(way: Way) -> set[str]:
    row = min(way.rows("analyses"), key=lambda each: str(each["text_id"]))
    way.lake.table("analyses").apply(Difference(gone=[row["content_hash"]], key="content_hash"))
    return {row["text_id"]}


def forget_to_read(way: Way) -> set[str]:
    asset = way.rows("assets", path="a.txt")[0]
    way.lake.table("analyses").apply(Difference(gone=[asset["file_hash"]], key="content_hash"))
    return {asset["id"]}


def forget_to_cut(way: Way) -> set[str]:
    return {take(way, "segments", "asset_id")}


def lose_a_messages_asset(way: Way) -> set[str]:
    nobody = "f" * 32
    change(way, "messages", "asset_id", asset_id=nobody)
    return {nobody}


def lose_an_events_asset(way: Way) -> set[str]:
    nobody = "f" * 32
    add(way.lake, "events", {"id": "e" * 32, "asset_id": nobody})
    return {nobody}


def end_before_the_start(way: Way) -> set[str]:
    marker = way.rows("segments")[0]["start_marker"]
    return {change(way, "segments", "id", start_marker=marker, end_marker=marker)["id"]}


def move_a_segment(way: Way) -> set[str]:
    return {change(way, "segments", "id", text="something else")["id"]}


def store_a_segment_twice(way: Way) -> set[str]:
    row = way.rows("segments")[0]
    add(way.lake, "segments", row)
    return {row["id"]}


def store_an_item_twice(way: Way) -> set[str]:
    row = way.rows("items")[0]
    add(way.lake, "items", row)
    return {row["item_id"]}


def lose_a_vector(way: Way) -> set[str]:
    text_hash = take(way, "embeddings", "text_hash")
    return {row["id"] for row in way.rows("segments", text_hash=text_hash)}


def forget_to_publish(way: Way) -> set[str]:
    before = {row["id"] for row in way.rows("segments")}
    way.observe(item("late.txt", b"Nobody has looked for this owl.\n"))
    way.derive("gate", "assets", "texts", "segments", "embeddings")
    return {row["id"] for row in way.rows("segments")} - before


def reject_a_container_of_nothing(way: Way) -> set[str]:
    add(way.lake, "quarantine", quarantined("q", item_id="nothing", stage="assets"))
    return {"nothing"}


def reject_everything(way: Way) -> set[str]:
    add(way.lake, "quarantine", quarantined("q", source="other"))
    return {"other"}


def reject_many(way: Way) -> set[str]:
    add(way.lake, "quarantine", *(quarantined(f"q{number}") for number in range(20)))
    return {"s"}


def fail_to_read_many(way: Way) -> set[str]:
    rows = [
        {"content_hash": str(n), "analyzer": "pdf", "analyzer_version": "1", "outcome": "crashed"}
        for n in range(20)
    ]
    add(way.lake, "analyses", *rows)
    return {"pdf"}


def fall_silent(way: Way) -> set[str]:
    add_hours(way, *((40 * 24 - 2 * hour, 1) for hour in range(8)))
    return {"quiet"}


def send_too_much(way: Way) -> set[str]:
    add_hours(way, *((hour, 2) for hour in range(2, 12)), (1, 40))
    return {"quiet"}


def add_hours(way: Way, *hours: tuple[int, int]) -> None:
    """Rows of a source, so many so many hours ago."""
    now = datetime.now(UTC)
    rows = [
        {"item_id": f"{ago}.{n}", "sequence": 1_000 * ago + n, "op": "delete", "observed_at": time}
        for ago, count in hours
        for n in range(count)
        for time in [now - timedelta(hours=ago)]
    ]
    add(way.lake, "raw_quiet", *rows)


def collect_nothing(way: Way) -> set[str]:
    add(way.lake, "collections", {"id": "empty", "name": "x", "size": 0, "center_id": "a"})
    return {"empty"}


def share_a_member(way: Way) -> set[str]:
    row = {"asset_id": "twice", "strength": 0.9, "is_core": True}
    members = [{**row, "id": f"m{name}", "collection_id": name} for name in "ab"]
    add(way.lake, "collection_members", *members)
    return {"twice"}


def keep_a_member_that_is_gone(way: Way) -> set[str]:
    pages(way, *"xyz")
    liken(way, "xyz")
    collect(way)
    return {change(way, "collection_members", "asset_id", asset_id="gone")["collection_id"], "gone"}


def lose_a_manual_tag(way: Way) -> set[str]:
    asset = min(row["id"] for row in way.rows("assets"))
    give(way.lake, asset, ["mine"])
    tag(way)
    take(way, "tags", "id", method="manual")
    return {asset, "mine"}


def bring_back_a_tag(way: Way) -> set[str]:
    tag(way)
    row = min(way.rows("tags"), key=lambda each: str(each["id"]))
    remove(way.lake, row["entity_id"], [row["tag"]])
    tag(way)
    add(way.lake, "tags", {**row, "metadata": None})
    return {row["entity_id"], row["tag"]}


def guess_a_tag(way: Way) -> set[str]:
    add(way.lake, "tags", {"id": "guess", "entity_id": "a", "tag": "b", "confidence": 0.8})
    return {"guess"}


def measured(level: str) -> Break:
    def break_a_level(way: Way) -> set[str]:
        row = {"id": level, "measured_at": NOON, "level": level, "value": 0.5, "unit": "share"}
        add(way.lake, "service_levels", {**row, "bar": 0.9, "passed": False, "facts": "{}"})
        return {level}

    break_a_level.__name__ = f"break_{level}"
    return break_a_level


def use_what_is_not_there(way: Way) -> set[str]:
    add(way.lake, "ranking_uses", {"id": "use", "sequence": 1, "version": 7})
    return {"use"}


def judge_beyond_all_bounds(way: Way) -> set[str]:
    said = {"ranking_id": "r", "votes": 1}
    add(way.lake, "ranking_judgements", {**said, "id": "j1", "value": 1.5})
    add(way.lake, "ranking_judgements", {**said, "id": "j2", "value": None})
    return {"j1", "j2"}


BROKEN: list[tuple[str, Break]] = [
    ("collections_are_whole", collect_nothing),
    ("collections_are_whole", share_a_member),
    ("collections_are_whole", keep_a_member_that_is_gone),
    ("manual_tags_kept", lose_a_manual_tag),
    ("manual_tags_kept", bring_back_a_tag),
    ("manual_tags_kept", guess_a_tag),
    ("edges_are_sound", overstate_an_edge),
    ("edges_are_sound", lead_an_edge_to_itself),
    ("index_covers", measured("index_coverage")),
    ("index_is_fresh", measured("index_freshness")),
    ("rankings_are_whole", use_what_is_not_there),
    ("rankings_are_whole", judge_beyond_all_bounds),
    ("recall_is_kept", measured("recall_at_10")),
    ("search_is_quick", measured("search_p95")),
    ("observed_once", observe_twice),
    ("accounting", count_twice),
    ("accounting", lose_an_item),
    ("accounting", store_an_item_twice),
    ("all_rejected", reject_everything),
    ("analyses_have_texts", lose_a_text),
    ("containers_opened", reject_a_container_of_nothing),
    ("index_is_current", forget_to_publish),
    ("items_become_assets", lose_an_asset),
    ("items_become_assets", orphan_a_member),
    ("keys_are_unique", store_a_segment_twice),
    ("messages_belong", lose_a_messages_asset),
    ("events_belong", lose_an_events_asset),
    ("mostly_readable", fail_to_read_many),
    ("nothing_pending", forget_to_read),
    ("nothing_pending", forget_to_cut),
    ("offsets_lead_back", move_a_segment),
    ("one_latest_version", lose_an_entity),
    ("one_latest_version", have_two_latest),
    ("quarantine_rate", reject_many),
    ("segments_have_places", end_before_the_start),
    ("segments_have_places", lose_the_text_of_a_segment),
    ("sources_are_fresh", fall_silent),
    ("texts_analyzed", forget_an_analysis),
    ("vectors_complete", lose_a_vector),
    ("volume_is_usual", send_too_much),
]


@pytest.fixture
def full(way: Way) -> Way:
    """A lake in which every promise is kept."""
    way.observe(
        item("a.txt", b"A heron stands in the river.\n"),
        item("b.txt", b"A spider sits in the well.\n"),
        item("letter.eml", LETTER),
    )
    way.derive()
    assert failing(way) == {}
    return way


def failing(way: Way) -> dict[str, Verdict]:
    checks = checks_of(way.lake.raw_sources())
    found = {check.name: check.look(way.lake) for check in checks}
    return {name: verdict for name, verdict in found.items() if not verdict.passed}


def named(verdict: Verdict) -> set[str]:
    return {str(value) for row in verdict.rows for value in row.values()}


@pytest.mark.parametrize(("name", "breaks"), BROKEN, ids=[each.__name__ for _, each in BROKEN])
def test_a_broken_promise_is_told_with_its_rows(full: Way, name: str, breaks: Break) -> None:
    wanted = breaks(full)
    assert wanted
    verdict = failing(full)[name]
    assert verdict.reason
    assert verdict.count >= len(verdict.rows) > 0
    assert wanted <= named(verdict)


def test_every_check_is_broken_here_and_has_what_a_reader_needs(way: Way) -> None:
    checks = checks_of(["s"])
    assert {check.name for check in checks} == {name for name, _ in BROKEN}
    assert [check.name for check in checks if not check.doc or "\n" in check.doc] == []
    assert {check.severity for check in checks} == {"warning", "error"}
    assert [each.name for each in checks if each.blocking and each.severity != "error"] == []


def accounting(way: Way) -> tuple[bool, int, int]:
    """Whether it passes; how many are lost and waiting."""
    (check,) = (each for each in checks_of(["s"]) if each.name == "accounting")
    verdict = check.look(way.lake)
    return verdict.passed, verdict.facts["lost"], verdict.facts["waiting"]


def test_what_comes_while_others_are_judged_is_not_lost(way: Way) -> None:
    way.now_us = int(time.time() * 1_000_000)
    way.observe(item("a.txt", b"Heron."), item("b.txt", b"Spider."), item("empty.txt", b""))
    assert accounting(way) == (True, 0, 3), "before the gate has taken any"
    way.derive()
    assert accounting(way) == (True, 0, 0)
    way.observe(item("c.txt", b"Otter."))
    way.observe(item("d.txt", b"Vole."), source="other")
    assert accounting(way) == (True, 0, 2)
    first = next(row for row in way.rows("items") if row["source_id"] == "a.txt")
    way.lake.table("items").apply(Difference(gone=[first["item_id"]], key="item_id"))
    assert accounting(way) == (False, 1, 2), "the gate took later ones of its source"
    way.derive()
    assert accounting(way) == (True, 0, 0)


def test_what_waits_for_longer_than_a_day_is_lost(way: Way) -> None:
    way.now_us = int((time.time() - 23 * 3_600) * 1_000_000)
    way.observe(item("a.txt", b"Heron."))
    assert accounting(way) == (True, 0, 1)
    way.now_us -= 2 * 3_600 * 1_000_000
    way.observe(item("b.txt", b"Spider."))
    assert accounting(way) == (False, 1, 1)


def test_the_rows_of_a_verdict_are_bounded_and_all_are_counted(full: Way) -> None:
    add(full.lake, "quarantine", *(quarantined(f"q{n:02}", stage="assets") for n in range(25)))
    verdict = failing(full)["containers_opened"]
    assert (verdict.count, len(verdict.rows)) == (25, 10)
    assert [row["id"] for row in verdict.rows] == [f"q{n:02}" for n in range(10)]


def test_a_segment_out_of_place_is_found_deep_wherever_it_is(full: Way) -> None:
    check = [each for each in deep_checks() if each.name == "offsets_lead_back"]
    assert list(look(full.lake, checks=check)) == []
    (moved,) = move_a_segment(full)
    (finding,) = look(full.lake, checks=check)
    assert (finding.place, finding.remedy) == ("segments", "derive")
    assert moved in finding.reason


def hours_of(*counts: tuple[float, int], source: str = "s") -> pl.DataFrame:
    """Hours ago before NOON, and rows."""
    rows = [(source, NOON - timedelta(hours=ago), rows) for ago, rows in counts]
    schema = {"source": pl.String, "hour": pl.Datetime("us", "UTC"), "rows": pl.UInt32}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("source", "hour")


@pytest.mark.parametrize(
    ("ago", "passes"),
    [(100, True), (149, True), (151, False), (150 + 89 * 24, False), (151 + 90 * 24, True)],
)
def test_silence_is_measured_by_the_longest_pause(ago: int, passes: bool) -> None:
    pauses = [0, 10, 20, 70, 80, 90]  # the longest is 50 hours
    assert silent(hours_of(*((ago + each, 1) for each in pauses)), NOON).passed is passes


def test_a_source_that_is_new_or_talks_often_has_a_day(way: Way) -> None:
    assert silent(hours_of((500, 1), (501, 1)), NOON).passed
    assert silent(hours_of(*((24 + each, 1) for each in range(9))), NOON).passed
    assert not silent(hours_of(*((25 + each, 1) for each in range(9))), NOON).passed


@pytest.mark.parametrize(
    ("ago", "rows", "passes"),
    [(1, 100, True), (1, 900, True), (1, 1100, False), (1, 11, True), (1, 9, False), (0, 9, True)],
)
def test_volume_is_measured_by_the_hours_before(ago: int, rows: int, passes: bool) -> None:
    before = [(2 + hour, 100 + hour % 3) for hour in range(8)]
    assert unusual(hours_of((ago, rows), *before), NOON).passed is passes
    assert unusual(hours_of((ago, rows), *before[1:]), NOON).passed


def test_a_source_that_varies_may_vary() -> None:
    before = [(2 + hour, 10 ** (hour % 4)) for hour in range(12)]
    assert unusual(hours_of((1, 1500), *before), NOON).passed


def test_checks_are_found_in_an_empty_lake(lake: Lake) -> None:
    verdicts: list[tuple[Check, Verdict]] = [(each, each.look(lake)) for each in checks_of([])]
    assert [each.name for each, verdict in verdicts if not verdict.passed] == []
