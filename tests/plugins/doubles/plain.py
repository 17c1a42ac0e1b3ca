"""A plugin that knows only the six original fields, encoded by hand, without any library.

Its page_token comes back in the next request's settings.
"""

from __future__ import annotations

import os
import sys

PAGES = {"": ("1", ["apple", "pear"]), "1": ("2", ["plum"]), "2": ("2", [])}


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data: bytes) -> list[tuple[int, bytes]]:
    out, at = [], 0
    while at < len(data):
        tag, at = read_varint(data, at)
        length, at = read_varint(data, at)
        if tag & 7 == 2:
            out.append((tag >> 3, data[at : at + length]))
            at += length
    return out


def config_of(data: bytes) -> dict[str, str]:
    _, start = read_varint(data, 0)
    entries = [dict(fields(value)) for number, value in fields(data[start:]) if number == 2]
    return {entry[1].decode(): entry.get(2, b"").decode() for entry in entries}


def respond(*parts: bytes) -> None:
    body = b"".join(parts)
    os.write(1, varint(len(body)) + body)


def item(name: str, token: str) -> bytes:
    return b"".join(
        (
            field(1, "orchard"),
            field(2, name),
            field(3, 1_700_000_000),
            field(4, "text/plain"),
            field(5, f"a ripe {name}"),
            field(6, field(1, "page_token") + field(2, token)),
            field(6, field(1, "kind") + field(2, "fruit")),
        )
    )


def main() -> None:
    config = config_of(sys.stdin.buffer.read())
    match config.get("trouble", ""):
        case "error":
            respond(field(1, "orchard"), field(3, "the gate is locked"))
        case "crash":
            respond(field(1, "orchard"), field(2, item("apple", "1")))
            sys.exit("the ladder broke")
        case "print":
            print("Welcome to the orchard")
        case _:
            token, names = PAGES[config.get("page_token", "")]
            items = (field(2, item(name, token)) for name in names)
            respond(field(1, "orchard"), *items)


if __name__ == "__main__":
    main()
