"""Text whose lines a mail program broke and whose paragraphs can be had again (RFC 3676)."""

from __future__ import annotations

import re

_LINE = re.compile(r"(>*) ?([^\n]*)")
_SIGNATURE = "-- "


def unflowed(text: str, deletes_space: bool = False) -> str:
    """The paragraphs of a text with format=flowed, a line each, without marks of quotation.

    A line that ends in a space goes on in the next of the same depth; `deletes_space` (DelSp=yes)
    says that this space was put there only for that.
    """
    pieces: list[str] = []
    before = 0
    goes_on = False
    for line in text.replace("\r\n", "\n").split("\n"):
        marks, rest = _LINE.fullmatch(line).groups()  # type: ignore[union-attr]  # all lines match
        if rest == _SIGNATURE:
            goes_on = False
        if pieces and not (goes_on and len(marks) == before):
            pieces.append("\n")
        goes_on = rest.endswith(" ") and rest != _SIGNATURE
        pieces.append(rest[:-1] if goes_on and deletes_space else rest)
        before = len(marks)
    return "".join(pieces)
