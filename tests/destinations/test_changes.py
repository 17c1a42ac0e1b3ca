"""A receiver keeps a true copy: of rows that change and go, whatever fails on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dataq_assets.delivery.delivering import Delivering
from dataq_assets.delivery.records import Records
from dataq_gateway.destinations import mark_for_replay
from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall, UpgradeLake
from dataq_lake.lake import Lake, open_lake
from dataq_lake.schemas import TABLES
from dataq_lake.upgrading import upgrade
from dataq_lake.written import CommitInfo
from dataq_plugins.errors import PluginError, SourceUnreachable
from dataq_resources.changes import Changes
from dataq_resources.destinations import Destination, DestinationConfig
from tests.destinations.conftest import http, states
from tests.destinations.copying import TABLE, copied, put, reasons, take, there
from tests.destinations.receiver import Receiver

Deliver = Callable[[Destination], dict[str, int]]
Send = Callable[..., dict[str, int]]


def copy(receiver: Receiver, **more: Any) -> Destination:
    return http(receiver, table=TABLE, changes=True, **more)


@pytest.fixture
def send(receiver: Receiver, deliver: Deliver) -> Send:
    """Delivers the changes of the table to the receiver; it may be given settings."""
    return lambda **more: deliver(copy(receiver, **more))


@pytest.fixture
def unsure(lake: Lake, receiver: Receiver, send: Send) -> list[str]:
    """The keys of ten rows that were taken, of 30 planned, which nobody but the receiver knows."""
    put(lake, {f"k{n}": "1" for n in range(30)})
    receiver.script = ["lost", 500]
    with pytest.raises(SourceUnreachable):
        send(attempts=1)
    return sorted({each["key"] for each in receiver.taken})


def versions(receiver: Receiver, key: str) -> list[tuple[str, int]]:
    return [(each["op"], each["version"]) for each in receiver.taken if each["key"] == key]


def test_what_is_new_changed_or_gone_is_sent_and_nothing_else(
    lake: Lake, receiver: Receiver, send: Send
) -> None:
    put(lake, {f"k{n}": "first" for n in range(12)})
    assert send() == {"rows": 12, "dead": 0, "requests": 2}
    put(lake, {"k3": "second", "new": "first"})
    take(lake, "k7")
    assert send()["rows"] == 3
    told = {each["key"]: each for each in receiver.taken[12:]}
    assert {key: each["op"] for key, each in told.items()} == {
        "k3": "upsert",
        "new": "upsert",
        "k7": "delete",
    }
    assert told["k7"]["row"] is None and told["k3"]["row"]["source"] == "orchard"
    assert reasons(receiver.taken) == there(lake)
    assert send()["requests"] == 0
    once = [each["idempotency_key"] for each in receiver.taken]
    assert len(set(once)) == len(once)


def test_only_the_last_of_two_changes_between_deliveries_is_sent(
    lake: Lake, receiver: Receiver, send: Send
) -> None:
    put(lake, {"a": "1", "b": "1"})
    send()
    for reason in ("2", "3"):
        put(lake, {"a": reason})
    put(lake, {"b": "2"})
    put(lake, {"b": "1"})
    send()
    assert reasons(receiver.taken) == {"a": "3", "b": "1"}
    assert len(versions(receiver, "a")) == 2 and len(versions(receiver, "b")) == 1


@pytest.mark.heavy
def test_a_row_that_came_and_went_between_deliveries_is_not_told(
    lake: Lake, receiver: Receiver, send: Send
) -> None:
    put(lake, {"stays": "1", "goes": "1"})
    take(lake, "goes")
    send()
    assert [each["key"] for each in receiver.taken] == ["stays"]


def test_a_row_that_goes_and_comes_again_is_sent_again(
    lake: Lake, receiver: Receiver, send: Send
) -> None:
    for step in (lambda: put(lake, {"a": "1"}), lambda: take(lake, "a")) * 2:
        step()
        send()
    assert [op for op, _ in versions(receiver, "a")] == ["upsert", "delete"] * 2
    order = [version for _, version in versions(receiver, "a")]
    assert order == sorted(set(order))


@pytest.mark.usefixtures("unsure")
def test_what_was_not_recorded_is_sent_as_it_was_while_it_is_so(
    lake: Lake, receiver: Receiver, send: Send
) -> None:
    put(lake, {"other": "1"})
    # The receiver answers 422 to a key that it knows with other bytes.
    assert send(attempts=1)["dead"] == 0
    assert reasons(receiver.taken) == there(lake)
    assert len(receiver.taken) == 31


def test_what_was_not_recorded_and_changed_since_is_superseded(
    lake: Lake, receiver: Receiver, send: Send, unsure: list[str]
) -> None:
    assert len(unsure) == 10
    gone, changed = unsure[:2]
    take(lake, gone)
    put(lake, {changed: "2"})
    counts = send(attempts=1)
    assert (counts["superseded"], counts["rows"], counts["dead"]) == (10, 30, 0)
    assert reasons(receiver.taken) == there(lake)
    assert [op for op, _ in versions(receiver, gone)] == ["upsert", "delete"]
    assert states(lake) == {"superseded": 10, "delivered": 30}
    assert send()["requests"] == 0


def test_a_receiver_that_fails_for_a_while_gets_what_is_then_there(
    lake: Lake, receiver: Receiver, send: Send
) -> None:
    put(lake, {f"k{n}": "1" for n in range(25)})
    receiver.refuses = lambda _: 500
    for reason in ("2", "3"):
        with pytest.raises(SourceUnreachable):
            send(attempts=2)
        put(lake, {"k0": reason})
        take(lake, f"k{reason}")
    receiver.refuses = lambda _: None
    send()
    assert reasons(receiver.taken) == there(lake)
    assert versions(receiver, "k2") == [] or versions(receiver, "k2")[-1][0] == "delete"


def test_a_dead_change_is_replayed_only_while_nothing_newer_was_sent(
    lake: Lake, receiver: Receiver, send: Send
) -> None:
    put(lake, {"a": "bad"})
    receiver.refuses = lambda rows: 422 if rows[0]["row"]["reason"] == "bad" else None
    assert send()["dead"] == 1
    put(lake, {"b": "1"})
    assert send() == {"rows": 1, "dead": 0, "requests": 1}
    put(lake, {"a": "good"})
    send()
    receiver.refuses = lambda _: None
    assert len(mark_for_replay(lake, "crm", ())) == 1
    assert send() == {"rows": 0, "dead": 0, "requests": 0, "superseded": 1}
    assert reasons(receiver.taken) == {"a": "good", "b": "1"}

    put(lake, {"c": "bad"})
    receiver.refuses = lambda rows: 422 if rows[0]["row"]["reason"] == "bad" else None
    send()
    receiver.refuses = lambda _: None
    mark_for_replay(lake, "crm", ())
    assert send()["rows"] == 1
    assert reasons(receiver.taken) == there(lake)


def test_a_dead_change_does_not_come_after_a_newer_one_though_its_row_is_as_it_was(
    lake: Lake, receiver: Receiver, send: Send
) -> None:
    put(lake, {"a": "1"})
    receiver.refuses = lambda _: 422
    assert send()["dead"] == 1
    receiver.refuses = lambda _: None
    for reason in ("2", "1"):
        put(lake, {"a": reason})
        send()
    assert len(mark_for_replay(lake, "crm", ())) == 1
    assert send() == {"rows": 0, "dead": 0, "requests": 0, "superseded": 1}
    assert reasons(receiver.taken) == there(lake)


@pytest.mark.heavy
def test_a_new_column_is_a_change_of_every_row(lake: Lake, receiver: Receiver, send: Send) -> None:
    put(lake, {"a": "1", "b": "1"})
    send(columns=["reason"])
    put(lake, {"c": "1"})
    send(columns=["reason", "source"])
    assert {tuple(row) for row in copied(receiver.taken).values()} == {("id", "reason", "source")}


def test_a_sender_that_ends_before_it_plans_anew_forgets_nothing(
    lake: Lake, receiver: Receiver, deliver: Deliver, send: Send
) -> None:
    put(lake, {"a": "1"})
    receiver.script = [500]
    with pytest.raises(PluginError):
        send(columns=["reason"], attempts=1)
    changed = copy(receiver, columns=["reason", "source"])
    plan = Delivering(changed, lake, "run")
    first = next(iter(plan.rounds()))
    steps = first["deliveries"].new
    lost = [each.filter(pc.equal(each["state"], "superseded")) for each in steps]
    Changes([{"deliveries": Difference(lost)}]).commit(lake, CommitInfo("run"))
    deliver(changed)
    assert copied(receiver.taken) == {"a": {"id": "a", "reason": "1", "source": "orchard"}}


@pytest.mark.heavy
def test_from_new_rows_to_changes_and_back(
    lake: Lake, receiver: Receiver, deliver: Deliver, send: Send
) -> None:
    put(lake, {"a": "1", "b": "1"})
    only_new = http(receiver, table=TABLE)
    deliver(only_new)
    take(lake, "b")
    send()
    assert reasons(receiver.taken[2:]) == {"a": "1"}
    assert {each["key"] for each in receiver.taken[2:]} == {"a", "b"}
    put(lake, {"c": "1"})
    receiver.script = [500]
    with pytest.raises(PluginError):
        send(attempts=1)
    before = len(receiver.taken)
    assert deliver(only_new)["superseded"] == 1
    assert [row["id"] for row in receiver.taken[before:]] == ["c"]


def test_keys_that_rows_share_are_refused(lake: Lake, receiver: Receiver, send: Send) -> None:
    put(lake, {"a": "1", "b": "1"})
    with pytest.raises(FixTheCall, match="several rows have the same source"):
        send(key="source")
    with pytest.raises(FixTheCall, match="null in some rows"):
        send(key="rule")
    assert receiver.requests == []


def test_the_answer_to_a_question_is_copied(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    query = f"select source as id, count(*) as n, max(reason) as reason from {TABLE} group by all"
    given = copy(receiver, query=query, key="id")
    put(lake, {"a": "1", "b": "2"})
    deliver(given)
    put(lake, {"c": "3"})
    deliver(given)
    assert copied(receiver.taken) == {"orchard": {"id": "orchard", "n": 3, "reason": "3"}}
    take(lake, "a", "b", "c")
    deliver(given)
    assert copied(receiver.taken) == {}
    assert len(receiver.taken) == 3


REST = ("items", "messages", "entities")


def entities(lake: Lake, latest: dict[str, bool]) -> None:
    table = lake.table("entities")
    known = set(table.scan(["id"]).collect()["id"])
    rows = [
        {"id": key, "entity_type": "asset", "is_latest": value} for key, value in latest.items()
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=table.table.schema)
    table.apply(Difference([batch], sorted(known & latest.keys())))


@pytest.mark.parametrize(
    "table", ["assets", *(pytest.param(each, marks=pytest.mark.heavy) for each in REST)]
)
def test_a_tombstone_is_a_deletion(
    lake: Lake, receiver: Receiver, deliver: Deliver, table: str
) -> None:
    column = {"items": "item_id", "assets": "id", "messages": "asset_id"}.get(table)
    if column:
        rows = [{column: each} for each in ("one", "two", "not yet an entity")]
        handle = lake.table(table)
        handle.append([pa.RecordBatch.from_pylist(rows, schema=handle.table.schema)])
    entities(lake, {"one": True, "two": True})
    given = http(receiver, table=table, changes=True)
    deliver(given)
    assert copied(receiver.taken).keys() == {"one", "two"}
    entities(lake, {"two": False})
    deliver(given)
    assert copied(receiver.taken).keys() == {"one"}
    assert deliver(given)["requests"] == 0


def test_raw_rows_are_those_of_the_last_observation(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    handle = lake.table("raw_notes")

    def observe(number: int, thing: str, op: str = "upsert") -> None:
        row = {"item_id": f"{number}", "source_id": thing, "sequence": number, "op": op}
        handle.append([pa.RecordBatch.from_pylist([row], schema=handle.table.schema)])

    given = http(receiver, table="raw_notes", key="source_id", changes=True)
    for number, thing in enumerate(["a.txt", "b.txt", "a.txt"]):
        observe(number, thing)
    deliver(given)
    assert {key: row["item_id"] for key, row in copied(receiver.taken).items()} == {
        "a.txt": "2",
        "b.txt": "1",
    }
    observe(3, "a.txt", "delete")
    observe(4, "b.txt")
    deliver(given)
    assert {key: row["item_id"] for key, row in copied(receiver.taken).items()} == {"b.txt": "4"}


def files(plugin: str, folder: Path) -> Destination:
    given = {"plugin": plugin, "table": TABLE, "changes": True, "batch_rows": 2}
    return Destination(
        "out", DestinationConfig.model_validate({**given, "config": {"url": str(folder)}})
    )


@pytest.mark.parametrize(
    ("plugin", "read"),
    [("jsonl_files", "read_json_auto('{}/*.jsonl')"), ("parquet_files", "'{}/*.parquet'")],
)
def test_files_of_changes_make_a_true_copy(
    lake: Lake, deliver: Deliver, tmp_path: Path, plugin: str, read: str
) -> None:
    folder = tmp_path / "out"
    put(lake, {f"k{n}": "1" for n in range(5)})
    deliver(files(plugin, folder))
    put(lake, {"k1": "2"})
    take(lake, "k2")
    deliver(files(plugin, folder))
    # as docs/destinations.md says
    question = (
        "select last.row.id, last.row.reason from (select arg_max(changes, version) as last "
        f"from {read.format(folder / TABLE)} as changes group by key) where last.op = 'upsert'"
    )
    assert dict(duckdb.sql(question).fetchall()) == there(lake)


@pytest.mark.heavy
def test_a_kill_at_any_record_leaves_a_true_copy(lake: Lake, receiver: Receiver) -> None:
    """The sender ends after each of its records in turn, while rows change and go."""
    put(lake, {f"k{n}": "1" for n in range(25)})
    killed = 0
    for number in range(9):
        rounds = Delivering(copy(receiver), lake, "run").rounds()
        committed = list(_some(rounds, number % 3, lake))
        killed += committed[-1:] == [False]
        put(lake, {f"k{number % 25}": f"{number}"})
        take(lake, f"k{(number * 7) % 25}")
    assert killed > 2
    Changes(Delivering(copy(receiver), lake, "run").rounds()).commit(lake, CommitInfo("run"))
    assert reasons(receiver.taken) == there(lake)
    assert not list(Records(lake, "crm").waiting())


def _some(rounds: Any, most: int, lake: Lake) -> Any:
    """Commits so many rounds, then ends the sender before the next is on record."""
    try:
        for number, round_ in enumerate(rounds):
            if number == most:
                yield False
                return
            Changes([round_]).commit(lake, CommitInfo("run"))
            yield True
    finally:
        rounds.close()


def test_records_of_an_earlier_version_are_upgraded(
    lake: Lake, receiver: Receiver, deliver: Deliver, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lake, {"a": "1", "b": "1"})
    now = TABLES["deliveries"]
    fields = [each for each in now.schema if each.name not in ("sequence", "row_hashes")]
    old = replace(now, version=1, schema=pa.schema(fields), bulky=("row_ids",))
    step = {"id": "1" * 32, "destination": "crm", "rows": 1}
    rows = [
        {**step, "step": 0, "state": "planned", "row_ids": ["a"]},
        {**step, "step": 1, "state": "delivered"},
    ]
    with monkeypatch.context() as earlier:
        earlier.setitem(TABLES, "deliveries", old)
        batch = pa.RecordBatch.from_pylist(rows, schema=old.schema)
        open_lake(lake.root).table("deliveries").append([batch])
    with pytest.raises(UpgradeLake):
        deliver(http(receiver, table=TABLE))
    assert receiver.taken == []
    assert [each.table for each in upgrade(lake)] == ["deliveries"]
    deliver(http(receiver, table=TABLE))
    assert [row["id"] for row in receiver.taken] == ["b"]
    send()
    assert reasons(receiver.taken[1:]) == {"a": "1", "b": "1"}
