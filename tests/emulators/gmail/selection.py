"""`fields` of a request: which fields of the answer are wanted (partial responses)."""

from __future__ import annotations

import re
from typing import Any

from tests.emulators.gmail.errors import Refused

# A name: what is wanted of it, where None is all.
Wanted = dict[str, Any]
TOKEN = re.compile(r"[A-Za-z_][\w-]*|[*/(),]")
KNOWN = frozenset(
    re.findall(
        r"\w+",
        """attachmentId backgroundColor body classificationLabelValues code color data domain
        emailAddress error errors filename headers history historyId id internalDate labelIds
        labelListVisibility labels labelsAdded labelsRemoved message messageListVisibility
        messages messagesAdded messagesDeleted messagesTotal messagesUnread mimeType name
        nextPageToken partId parts payload raw reason resultSizeEstimate size sizeEstimate snippet
        textColor threadId threadsTotal threadsUnread type value""",
    )
)


def parse_fields(text: str) -> Wanted | None:
    """`a,b(c,d/e)` as a tree; None is everything; 400 for what is none, or of no known field."""
    tokens = TOKEN.findall(text)
    if "".join(tokens) != text.replace(" ", ""):
        raise _invalid(text)
    wanted = _several(tokens, text)
    if tokens or not wanted:
        raise _invalid(text)
    return None if "*" in wanted else wanted


def select(answer: Any, wanted: Wanted | None) -> Any:
    """The answer without what is not wanted; of lists, that of each element."""
    if wanted is None or "*" in wanted:
        return answer
    if isinstance(answer, list):
        return [select(each, wanted) for each in answer]
    if not isinstance(answer, dict):
        return answer
    return {name: select(answer[name], wanted[name]) for name in answer if name in wanted}


def _several(tokens: list[str], text: str) -> Wanted:
    wanted: Wanted = {}
    while True:
        _add(wanted, *_one(tokens, text))
        if not tokens or tokens[0] != ",":
            return wanted
        tokens.pop(0)


def _one(tokens: list[str], text: str) -> tuple[str, Wanted | None]:
    name = tokens.pop(0) if tokens else ""
    if name != "*" and name not in KNOWN:
        raise _invalid(text, name)
    if tokens and tokens[0] == "/":
        tokens.pop(0)
        inner, below = _one(tokens, text)
        return name, {inner: below}
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        several = _several(tokens, text)
        if not tokens or tokens.pop(0) != ")":
            raise _invalid(text)
        return name, several
    return name, None


def _add(wanted: Wanted, name: str, below: Wanted | None) -> None:
    if below is None or wanted.get(name, below) is None:
        wanted[name] = None
        return
    for each, more in below.items():
        _add(wanted.setdefault(name, {}), each, more)


def _invalid(text: str, name: str = "") -> Refused:
    return Refused(
        400,
        f"Invalid field selection {name or text}",
        "invalidParameter",
        more={"location": "fields", "locationType": "parameter"},
    )
