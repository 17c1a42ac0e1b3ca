"""Takes big content out of a message without copying it: the parser would copy it three times."""

from __future__ import annotations

from dataclasses import dataclass

from dataq_plugins.protocol.framing import BadVarint, decode_varint
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

BIG = 64 << 10
ITEMS, CHUNK = 2, 13  # fields of PluginResponse that hold content, inside:
CONTENT_FIELD = {ITEMS: 5, CHUNK: 4}  # raw_data of DataItem, data of Chunk
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where it begins, where its value begins and ends."""

    number: int
    wire_type: int
    begin: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Bulk:
    """A response, and the big content that was cut out of its first item or chunk."""

    rest: pb.PluginResponse
    owner: pb.DataItem | pb.Chunk
    content: memoryview


def split(data: memoryview) -> Bulk | None:
    """Return the parts of a response whose first item or chunk is big, None for any other.

    The content is a view of `data`. Raises google.protobuf's DecodeError as the parser does.
    """
    try:
        return _split(data)
    except BadVarint:
        return None  # the parser says better what is wrong


def _split(data: memoryview) -> Bulk | None:
    if len(data) < BIG:
        return None
    outer = _first(data, 0, len(data), tuple(CONTENT_FIELD))
    if outer is None or outer.end - outer.start < BIG:
        return None
    inner = _first(data, outer.start, outer.end, (CONTENT_FIELD[outer.number],))
    if inner is None or inner.end - inner.start < BIG:
        return None
    kind = pb.DataItem if outer.number == ITEMS else pb.Chunk
    return Bulk(
        pb.PluginResponse.FromString(_without(data, 0, outer.begin, outer.end, len(data))),
        kind.FromString(_without(data, outer.start, inner.begin, inner.end, outer.end)),
        data[inner.start : inner.end],
    )


def _without(data: memoryview, start: int, begin: int, end: int, stop: int) -> bytes:
    return b"".join((data[start:begin], data[end:stop]))


def _first(data: memoryview, start: int, end: int, numbers: tuple[int, ...]) -> Field | None:
    """Return the first field with one of these numbers; None where it holds no bytes."""
    while start < end:
        field = _field(data, start, end)
        if field is None or field.end > end:
            return None  # the parser says what is wrong with it
        if field.number in numbers:
            return field if field.wire_type == BYTES else None
        start = field.end
    return None


def _field(data: memoryview, begin: int, end: int) -> Field | None:
    tag, start = decode_varint(data, begin, end)
    number, wire_type = tag >> 3, tag & 7
    if tag < 0:
        return None
    if wire_type == BYTES:
        length, start = decode_varint(data, start, end)
        return None if length < 0 else Field(number, wire_type, begin, start, start + length)
    if wire_type == VARINT:
        value, after = decode_varint(data, start, end)
        return None if value < 0 else Field(number, wire_type, begin, start, after)
    if wire_type in (FIXED64, FIXED32):
        width = 8 if wire_type == FIXED64 else 4
        return Field(number, wire_type, begin, start, start + width)
    return None
