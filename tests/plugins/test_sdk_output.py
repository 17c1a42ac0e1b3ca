"""What the SDK writes is what the host reads, for items of any shape in any order."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_plugins.host import item as host
from dataq_plugins.host.bulk import split
from dataq_plugins.host.frames import FrameReader
from dataq_plugins.host.receive import Receiver
from dataq_plugins.host.spec import Limits
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk import Item, Log, State, output
from dataq_plugins.sdk.output import Output, _chunks

CHUNK = 100_000
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TIMES = st.one_of(st.none(), st.integers(-62_135_596_800, 253_402_300_799))
CONTENT = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([70_000, 100_000, 100_001, 250_000]).map(lambda size: b"\xa5" * size),
)
ITEMS = st.builds(
    Item,
    source_id=TEXT.filter(bool),
    content=CONTENT,
    timestamp=TIMES,
    content_type=TEXT,
    metadata=st.one_of(st.none(), st.dictionaries(TEXT, TEXT, max_size=3)),
)
ODD = st.one_of(
    st.builds(Item, source_id=TEXT.filter(bool), problem=TEXT.filter(bool)),
    st.builds(Item, source_id=TEXT.filter(bool), op=st.just("delete"), timestamp=TIMES),
)


def drain_and_finish(output: Output, things: Sequence[Item | State | Log]) -> None:
    output.drain(things)
    output.finish()


def travel(things: Sequence[Item | State | Log]) -> tuple[list[host.Item], bytes, list[str]]:
    """Return items, last state and log lines as the host gets them, and check the last message."""
    read, write = os.pipe()
    output = Output(write, pb.PluginRequest(request_id=5, max_chunk_bytes=CHUNK), "pear")

    def send() -> None:
        drain_and_finish(output, things)
        os.close(write)

    sender = threading.Thread(target=send)
    sender.start()
    reader = FrameReader(read, 1 << 30, lambda: None)
    receiver = Receiver("pear", Limits(), None)
    items: list[host.Item] = []
    state, logs, done = b"", [], False
    while (data := reader.read()) is not None:
        bulk = split(data)
        response = bulk.rest if bulk else pb.PluginResponse.FromString(bytes(data))
        assert not done
        assert response.request_id == 5
        batch = receiver.batch(response, bulk)
        items += batch.items
        state = batch.state or state
        logs += [log.message for log in response.logs]
        done = response.done
    sender.join()
    os.close(read)
    assert done
    receiver.finish()
    return items, state, logs


def expected(item: Item) -> host.Item:
    lost = bool(item.problem) or item.op == "delete"
    assert isinstance(item.content, bytes)
    assert item.timestamp is None or isinstance(item.timestamp, int)
    return host.Item(
        item.source_id,
        None if item.timestamp is None else item.timestamp * 1_000_000,
        item.content_type,
        None if lost else item.content,
        None,
        0 if lost else len(item.content),
        dict(item.metadata or {}),
        item.op,
        item.problem or None,
        "pear",
    )


@given(st.lists(st.one_of(ITEMS, ITEMS, ODD), max_size=12))
def test_items_come_back_as_they_went(items: list[Item]) -> None:
    got, _, _ = travel(items)
    assert got == [expected(item) for item in items]


def test_states_and_logs_travel_between_items() -> None:
    things = [Item("a"), State(b"1"), Log("half way"), Item("b", b"x" * 80_000), State(b"2")]
    items, state, logs = travel(things)
    assert [item.source_id for item in items] == ["a", "b"]
    assert (state, logs) == (b"2", ["half way"])


@pytest.mark.parametrize(
    "values",
    [
        (("me", "1"), ("me", "2"), ("me", "3")),  # one value for all, and one each
        (("me", "1"), ("me", "1"), ("me", "1")),
        (("", "1"), ("you", "1"), ("", "2")),
    ],
)
def test_metadata_keeps_its_values_and_their_order(values: tuple[tuple[str, str], ...]) -> None:
    given = [{"owner": owner, "size": size} for owner, size in values]
    items, _, _ = travel([Item(str(n), metadata=each) for n, each in enumerate(given)])
    assert [list(item.metadata.items()) for item in items] == [list(each.items()) for each in given]
    assert len({id(item.metadata) for item in items}) == len(items)


@pytest.mark.parametrize(
    ("given_time", "microseconds"),
    [
        (datetime(2024, 5, 1, 10, 0, 0, 123456, UTC), 1_714_557_600_123_456),
        (datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2))), 1_714_557_600_000_000),
        (datetime(1969, 12, 31, 23, 59, 59, 250_000, UTC), -750_000),
        (1_714_557_600.25, 1_714_557_600_250_000),
        (-0.5, -500_000),
        (0, 0),
        (None, None),
    ],
)
def test_times(given_time: datetime | float | None, microseconds: int | None) -> None:
    for other in (Item("plain", timestamp=7), Item("gone", op="delete")):
        items, _, _ = travel([other, Item("a", timestamp=given_time)])  # in columns, and not
        assert items[1].timestamp_us == microseconds


def test_exact_times_mix_with_whole_seconds() -> None:
    things = [Item("a", timestamp=3), Item("b", timestamp_ns=4_000_005_999), Item("c", timestamp=5)]
    items, _, _ = travel(things)
    assert [item.timestamp_us for item in items] == [3_000_000, 4_000_005, 5_000_000]


@pytest.mark.parametrize(
    "bad",
    [
        Item("half\udcffbad"),
        Item("bad", metadata={"name": "\udcff"}),
        Item("bad", content_type="\udcff"),
        Item("bad", metadata={"number": 5}),  # type: ignore[dict-item]
        Item("bad", timestamp=datetime(2024, 5, 1)),  # noqa: DTZ001 (that is what is wrong)
    ],
)
def test_an_item_that_cannot_travel_is_named(bad: Item) -> None:
    for first in (Item("good"), Item("good", op="delete")):
        output = Output(os.open(os.devnull, os.O_WRONLY), pb.PluginRequest(), "pear")
        with pytest.raises(ValueError, match="bad"):
            drain_and_finish(output, [first, bad])
        output.finish(error="it can still say so")


def test_items_of_many_shapes_do_not_shrink_the_messages() -> None:
    """One message an item would be slow: shapes that change with each item travel together."""
    read, write = os.pipe()
    output = Output(write, pb.PluginRequest(), "pear")
    output.drain(Item(f"i{n}", metadata={f"name{n % 7}": "x"}) for n in range(500))
    output.finish()
    os.close(write)
    reader = FrameReader(read, 1 << 20, lambda: None)
    messages = 0
    while reader.read() is not None:
        messages += 1
    os.close(read)
    assert messages == 2  # the items, and the end of the answer


def test_content_that_comes_slowly_travels_before_it_is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(1_000))
    monkeypatch.setattr(output, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    monkeypatch.setattr(output, "CHUNK_SECONDS", 2.0)
    pieces = [bytes([number]) * 10 for number in range(7)]
    chunks = [(b"".join(data), last) for data, _, last in _chunks(iter(pieces), 1_000)]
    assert len(chunks) > 3
    assert [last for _, last in chunks] == [False] * (len(chunks) - 1) + [True]
    assert b"".join(data for data, _ in chunks) == b"".join(pieces)


def test_content_of_which_each_piece_comes_slowly_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "CHUNK_SECONDS", 0.0)
    pieces = [b"a" * 30, b"b" * 200_000, b"c"]
    items, _, _ = travel([Item("slow", iter(pieces)), Item("next", b"d")])
    assert [(each.source_id, each.content) for each in items] == [
        ("slow", b"".join(pieces)),
        ("next", b"d"),
    ]
