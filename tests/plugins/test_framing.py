"""The bytes on the wire: lengths, messages in any pieces, big content cut out of them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable

import pytest
from google.protobuf.proto import serialize_length_prefixed
from hypothesis import example, given
from hypothesis import strategies as st

from dataq_plugins.host.bulk import BIG, split
from dataq_plugins.host.frames import BadFrame, FrameReader, FrameTooLong, TornFrame
from dataq_plugins.protocol.framing import BadVarint, decode_varint, encode_varint, frame
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

LIMIT = 4 << 20


@given(st.integers(0, 2**64 - 1))
def test_a_varint_comes_back(value: int) -> None:
    encoded = encode_varint(value)
    assert decode_varint(b"x" + encoded + b"y", 1, 1 + len(encoded)) == (value, 1 + len(encoded))
    assert decode_varint(encoded, 0, len(encoded) - 1)[0] == -1


def test_a_varint_without_end() -> None:
    with pytest.raises(BadVarint):
        decode_varint(b"\xff" * 11, 0, 11)


@given(st.binary(max_size=500))
def test_frames_are_those_of_protobuf(data: bytes) -> None:
    message = pb.PluginResponse(state=data)
    standard = io.BytesIO()
    serialize_length_prefixed(message, standard)
    assert frame(message) == standard.getvalue()


def reader_of(data: bytes, pieces: list[int]) -> FrameReader:
    """Return a reader of data that arrives in pieces of these sizes, then all at once."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    left = memoryview(data)

    def wait() -> None:
        nonlocal left
        size = pieces.pop() if pieces else 60_000
        left = left[os.write(write, left[:size]) :]
        if not left:
            os.close(write)

    return FrameReader(read, LIMIT, wait)


@given(st.lists(st.integers(0, 3000), max_size=20), st.lists(st.integers(1, 4000), max_size=40))
@example([0, 0, 5], [1] * 12)
@example([200_000, 3, 2_000_000, 1], [])
def test_messages_come_back_from_any_pieces(sizes: list[int], pieces: list[int]) -> None:
    messages = [os.urandom(size) for size in sizes]
    data = b"".join(encode_varint(len(message)) + message for message in messages)
    reader = reader_of(data or b"\0", pieces)
    for message in messages or [b""]:
        got = reader.read()
        assert got is not None
        assert got == message
    assert reader.read() is None


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"\x80", TornFrame, "in the middle of a message"),
        (b"\x05abc", TornFrame, "in the middle of a message, 3 of 5 bytes in"),
        (
            encode_varint(LIMIT + 1) + b"abc",
            FrameTooLong,
            r"begins with b'\\x81\\x80\\x80\\x02abc",
        ),
        (b"\xff" * 30, BadFrame, "more than 10 bytes"),
    ],
)
def test_bad_frames(data: bytes, kind: type[BadFrame], reason: str) -> None:
    with pytest.raises(kind, match=reason):
        reader_of(data, []).read()


def test_nothing_is_allocated_for_a_length_that_is_too_long() -> None:
    reader = reader_of(encode_varint(1 << 60), [])
    with pytest.raises(FrameTooLong):
        reader.read()
    assert len(reader._buffer) <= 2 << 20


def item(size: int) -> pb.DataItem:
    return pb.DataItem(source_id="a", raw_data=b"x" * size, metadata={"k": "v"}, timestamp=-5)


@pytest.mark.parametrize(
    "response",
    [
        pb.PluginResponse(plugin_id="p", request_id=7, items=[item(BIG)], state=b"s"),
        pb.PluginResponse(items=[item(BIG), item(3), item(BIG)]),
        pb.PluginResponse(
            chunk=pb.Chunk(item=item(0), source_id="a", offset=9, data=b"x" * BIG, last=True)
        ),
    ],
)
def test_big_content_is_cut_out_and_nothing_else(response: pb.PluginResponse) -> None:
    bulk = split(memoryview(bytearray(response.SerializeToString())))
    assert bulk
    if isinstance(bulk.owner, pb.Chunk):
        bulk.owner.data = bytes(bulk.content)
        bulk.rest.chunk.CopyFrom(bulk.owner)
    else:
        bulk.owner.raw_data = bytes(bulk.content)
        others = list(bulk.rest.items)
        del bulk.rest.items[:]
        bulk.rest.items.extend([bulk.owner, *others])
    assert bulk.rest == response


@pytest.mark.parametrize(
    "make",
    [
        lambda: pb.PluginResponse(items=[item(3), item(BIG)]).SerializeToString(),
        lambda: pb.PluginResponse(items=[item(500)] * 200).SerializeToString(),
        lambda: pb.PluginResponse(state=b"x" * BIG).SerializeToString(),
        lambda: b"\x12\xff\xff\xff\xff\x0f" + b"x" * BIG,  # an item longer than its message
        lambda: b"\x17" * (2 * BIG),  # no wire type
        lambda: b"\x80" * (2 * BIG),
    ],
)
def test_everything_else_is_left_to_the_parser(make: Callable[[], bytes]) -> None:
    try:
        assert split(memoryview(bytearray(make()))) is None
    except BadVarint:
        pytest.fail("the parser says better what is wrong")
