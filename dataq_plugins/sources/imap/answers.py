"""Reads responses: lists, strings and atoms (RFC 3501, 9)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dataq_plugins.sources.imap.errors import Broken
from dataq_plugins.sources.imap.wire import Part, TooLong

DEPTH = 30
# An atom may have brackets with spaces in them: BODY[HEADER.FIELDS (DATE)].
_TOKEN = re.compile(
    rb'\s*(?:([()])|"((?:[^"\\]|\\.)*)"|((?:[^\s()"\[]|\[[^\[\]"]{0,200}\]|\[)+))', re.DOTALL
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_CODE = re.compile(rb"\[([^\s\]]+) ?([^\]]*)\]")

Value = Any
"""An atom or string as bytes, None for NIL, a list of values, or TooLong."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: `tag` is "*", "+" or that of a command; `word` its first word, in capitals.

    `number` stands before the word where there is one: `* 12 FETCH`. `code` is what a status has
    in brackets, `text` all that follows.
    """

    tag: str
    word: str
    number: int
    parts: Sequence[Part]
    code: str = ""
    about: bytes = b""
    text: str = ""

    def values(self) -> list[Value]:
        """Return what follows the word; raises Broken."""
        return parse(self.parts)


def answer(parts: list[Part]) -> Answer:
    """Return a response that was read in parts; raises Broken."""
    first = parts[0]
    assert isinstance(first, bytes)  # noqa: S101 (a response begins with text)
    tag, _, rest = first.partition(b" ")
    if tag == b"+":
        return Answer("+", "", 0, [rest])
    word, _, after = rest.partition(b" ")
    number = 0
    if word.isdigit() and len(word) < 20:
        number = int(word)
        word, _, after = after.partition(b" ")
    name = word.decode("ascii", "replace").upper()
    if name in ("OK", "NO", "BAD", "BYE", "PREAUTH"):
        code = _CODE.match(after)
        return Answer(
            _text(tag),
            name,
            number,
            [after],
            _text(code[1]).upper() if code else "",
            code[2] if code else b"",
            _text(after),
        )
    return Answer(_text(tag), name, number, [after, *parts[1:]])


def parse(parts: Sequence[Part]) -> list[Value]:
    """Return the values in a response; raises Broken."""
    stack: list[list[Value]] = [[]]
    for number, part in enumerate(parts):
        if number % 2:
            stack[-1].append(part)
        elif isinstance(part, bytes):
            for value in _tokens(part):
                _put(stack, value)
    if len(stack) != 1:
        raise Broken("a response ends inside of a list")
    return stack[0]


def pairs(values: Value) -> dict[str, Value]:
    """Return a list of names and values as a dictionary, names in capitals; raises Broken."""
    if not isinstance(values, list) or len(values) % 2:
        raise Broken("a list of names and values has none for one of them")
    names, contents = values[::2], values[1::2]
    if not all(isinstance(name, bytes) for name in names):
        raise Broken("a list of names and values has a name that is none")
    return {_text(name).upper(): each for name, each in zip(names, contents, strict=True)}


def number(value: Value) -> int:
    """Return a number of at most 64 bits; raises Broken."""
    if not isinstance(value, bytes) or not value.isdigit() or len(value) > 20:
        raise Broken(f"{value!r:.50} is no number")
    return int(value)


class _Open:
    pass


class _Close:
    pass


def _put(stack: list[list[Value]], value: Value) -> None:
    if value is _Open:
        if len(stack) >= DEPTH:
            raise Broken("lists are nested too deeply")
        inner: list[Value] = []
        stack[-1].append(inner)
        stack.append(inner)
    elif value is _Close:
        if len(stack) < 2:
            raise Broken("a list ends that did not begin")
        stack.pop()
    else:
        stack[-1].append(value)


def _tokens(text: bytes) -> Iterator[Value]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at, end)
        if not found:
            raise Broken(f"{text[at : at + 50]!r} is no value")
        at = found.end()
        bracket, string, atom = found.groups()
        if atom is not None:
            yield None if atom.upper() == b"NIL" else atom
        elif string is not None:
            yield _ESCAPED.sub(rb"\1", string) if b"\\" in string else string
        else:
            yield _Open if bracket == b"(" else _Close


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


__all__ = ["Answer", "TooLong", "Value", "answer", "number", "pairs", "parse"]
