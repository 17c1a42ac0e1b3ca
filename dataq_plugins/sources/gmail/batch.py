"""Several requests as one (multipart/mixed): what is sent, and the parts as they arrive.

https://developers.google.com/workspace/gmail/api/guides/batch
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dataq_plugins.sources.gmail.transport import NoAnswer

BOUNDARY = "dataq-part"
CONTENT_TYPE = f"multipart/mixed; boundary={BOUNDARY}"
_NUMBER = re.compile(rb"content-id:[^\r\n]*?(\d+)>?\s*(?:\r|\n|$)", re.I)
_BLANK = re.compile(rb"\r?\n\r?\n")
_PARAMETER = re.compile(r'boundary=(?:"([^"]+)"|([^\s;]+))', re.I)
MOST_PART_BYTES = 256 << 20
"""A mail has 150 MB at most once it is in base64; more would only fill the memory."""


class Part(NamedTuple):
    """The answer to the request of that number, from 0."""

    number: int
    status: int
    headers: Mapping[str, str]
    body: bytes


def written(targets: Sequence[str]) -> bytes:
    """Return a batch that gets each of these paths."""
    parts = [
        f"--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\n"
        f"GET {target} HTTP/1.1\r\nAccept: application/json\r\n\r\n"
        for number, target in enumerate(targets)
    ]
    return ("\r\n".join(parts) + f"\r\n--{BOUNDARY}--\r\n").encode()


def boundary_of(content_type: str) -> bytes:
    """Return what stands between the parts; raises NoAnswer where it is no batch."""
    found = _PARAMETER.search(content_type)
    if not content_type.lower().startswith("multipart/") or found is None:
        raise NoAnswer(f"the answer to a batch is no batch, but {content_type or 'nothing'}")
    return (found[1] or found[2]).encode()


def parts(pieces: Iterable[bytes], boundary: bytes) -> Iterator[Part]:
    """Yield each part once it is there, whole; raises NoAnswer where the end is missing."""
    delimiter = b"--" + boundary
    data = bytearray()
    looked = 0
    order = -1  # before the first delimiter there is no part
    for piece in pieces:
        data += piece
        while (end := _delimiter_at(data, delimiter, looked)) >= 0:
            if order >= 0:
                yield _part(bytes(data[:end]), order)
            order += 1
            if data[end + len(delimiter) : end + len(delimiter) + 2] == b"--":
                return
            del data[: end + len(delimiter)]
            looked = 0
        looked = max(0, len(data) - len(delimiter) - 2)
        if len(data) > MOST_PART_BYTES:
            raise NoAnswer(f"a part has over {MOST_PART_BYTES:,} bytes")
    raise NoAnswer("the answer broke off")


def _delimiter_at(data: bytearray, delimiter: bytes, start: int) -> int:
    """Where a delimiter begins that is there with the two bytes behind it, -1 if none is."""
    at = data.find(delimiter, start)
    while at >= 0:
        after = at + len(delimiter)
        if len(data) < after + 2:
            return -1
        if (at == 0 or data[at - 1] == 10) and data.startswith((b"\r\n", b"\n", b"--"), after):
            return at
        at = data.find(delimiter, after)
    return -1


def _part(data: bytes, order: int) -> Part:
    """Take a part out of its two wrappings: the headers of the part, and those of its answer."""
    outer = _BLANK.search(data)
    if outer is None:
        raise NoAnswer("a part of the answer is damaged")
    named = _NUMBER.search(data, 0, outer.start() + 1)
    inner = _BLANK.search(data, outer.end())
    head_end = inner.start() if inner else len(data)
    first, *lines = data[outer.end() : head_end].decode("latin-1").splitlines() or [""]
    words = first.split(None, 2)
    if len(words) < 2 or not words[1].isdecimal():
        raise NoAnswer("a part of the answer is damaged")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = data[inner.end() :] if inner else b""
    return Part(int(named[1]) if named else order, int(words[1]), headers, body)
