"""The lines of a calendar, unfolded, in the components that they stand in (RFC 5545, 3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE = re.compile(
    r"([A-Za-z0-9-]{1,100})((?:;[A-Za-z0-9-]{1,100}=(?:\"[^\"]*\"|[^\";:,]*)"
    r"(?:,(?:\"[^\"]*\"|[^\";:,]*))*)*):(.*)",
    re.S,
)
_PARAMETER = re.compile(r";([A-Za-z0-9-]+)=(\"[^\"]*\"|[^\";:,]*)")
_ESCAPED = re.compile(r"\\(.)", re.S)
_BREAK = re.compile(r"\r\n|\n|\r")
MOST_PROPERTIES = 5_000
MOST_DEEP = 20


class Property(NamedTuple):
    """A line: its name in capitals, the first value of each parameter, and what it says."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value without escapes."""
        return _ESCAPED.sub(lambda m: "\n" if m.group(1) in "nN" else m.group(1), self.value)


class Component(NamedTuple):
    """Something between BEGIN and END: the first property of each name, and all of them.

    `line` is that of its BEGIN, from 1; `lines` are its own, for whoever reads it otherwise.
    """

    name: str
    line: int
    properties: list[Property]
    lines: list[str]

    def first(self, name: str) -> Property | None:
        """The first property of a name."""
        return next((each for each in self.properties if each.name == name), None)

    def text(self, name: str) -> str | None:
        """What that says, None where it says nothing."""
        found = self.first(name)
        return (found.text.strip() or None) if found else None


def components(text: str) -> Iterator[Component]:
    """The calendars, then what is directly in them, each when it ends or the text does.

    What is nested deeper belongs to no event, but to the lines of what it is in. Damage is passed
    over.
    """
    stack: list[Component] = []
    deeper = 0
    for number, line in _unfolded(text):
        prop = _property(line)
        if prop is None:
            continue
        if prop.name == "BEGIN" and len(stack) >= MOST_DEEP:
            deeper += 1
        elif prop.name == "END" and deeper:
            deeper -= 1
        elif prop.name == "BEGIN":
            stack.append(Component(prop.value.strip().upper(), number, [], []))
            _note(stack, line)
        elif prop.name == "END" and stack:
            _note(stack, line)
            found = stack.pop()
            if len(stack) <= 1:
                yield found
        elif stack:
            _note(stack, line)
            if len(stack[-1].properties) < MOST_PROPERTIES:
                stack[-1].properties.append(prop)
    yield from reversed(stack[:2])


def _note(stack: list[Component], line: str) -> None:
    if len(stack) >= 2 and len(stack[1].lines) < MOST_PROPERTIES:
        stack[1].lines.append(line)


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Each line with its number; one that begins with a space goes on with the one before."""
    begun, pieces = 1, [""]
    for number, line in enumerate(_BREAK.split(text), 1):
        if line[:1] in (" ", "\t"):
            pieces.append(line[1:])
            continue
        yield begun, "".join(pieces)
        begun, pieces = number, [line]
    yield begun, "".join(pieces)


def _property(line: str) -> Property | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    parameters: dict[str, str] = {}
    for name, value in _PARAMETER.findall(match.group(2)):
        parameters.setdefault(name.upper(), value.strip('"'))
    return Property(match.group(1).upper(), parameters, match.group(3))
