"""Length-delimited protobuf: each message is preceded by its length as a varint.

The bytes are those of `google.protobuf.proto.serialize_length_prefixed`, so that any
protobuf library, or none, can speak them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.message import Message

MAX_VARINT_BYTES = 10


class BadVarint(ValueError):
    """A length that is not a varint of at most 64 bits: this is no protocol stream."""


def encode_varint(value: int) -> bytes:
    """Return a non-negative integer in the base-128 encoding of protobuf."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_varint(data: bytes | bytearray | memoryview, start: int, end: int) -> tuple[int, int]:
    """Return the varint at `start` and the offset behind it, or (-1, start) if it is not all there.

    Raises BadVarint where ten bytes hold no end of it.
    """
    value = shift = 0
    for position in range(start, min(end, start + MAX_VARINT_BYTES)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position + 1
        shift += 7
    if end - start >= MAX_VARINT_BYTES:
        raise BadVarint("a message length has more than 10 bytes")
    return -1, start


def frame(message: Message) -> bytes:
    """Return the message with its length in front."""
    body = message.SerializeToString()
    return encode_varint(len(body)) + body


def keep_freed_memory() -> None:
    """Stop glibc from handing the memory of each message back to the kernel.

    Freeing one untouched block raises its thresholds to that size (M_MMAP_THRESHOLD is dynamic,
    mallopt(3)); else every message costs a page fault for each 4 KiB of it.
    """
    bytearray(16 << 20)
