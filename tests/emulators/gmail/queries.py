"""`q` of messages.list: the operators of Gmail's search box that are known here, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from tests.emulators.gmail.errors import bad_argument
from tests.emulators.gmail.labels import Labels
from tests.emulators.gmail.mails import Mail

Test = Callable[[Mail], bool]
TOKEN = re.compile(r'\s*(?:(-)?([a-zA-Z_]\w*):)?("[^"]*"|<[^>]*>|[(){}]|-(?=[({])|[^\s(){}]+)')
# Dates without a time begin at midnight of the Pacific: who means another place says seconds.
PACIFIC = timezone(timedelta(hours=-8))
DAYS = {"d": 1, "m": 30, "y": 365}
SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20}
STATES = {"unread": "UNREAD", "starred": "STARRED", "important": "IMPORTANT"}
FLAGS = {**STATES, "sent": "SENT", "draft": "DRAFT", "chat": "CHAT"}


@dataclass
class Query:
    """`shown` are the labels SPAM and TRASH where the query asks for them itself."""

    test: Test
    shown: set[str]


def parse(text: str, labels: Labels, now: float) -> Query:
    """What `text` means at the Unix time `now`; 400 for an operator that is not known."""
    return _Parser(text, labels, now).parse()


class _Parser:
    def __init__(self, text: str, labels: Labels, now: float) -> None:
        self._tokens = [match.groups() for match in TOKEN.finditer(text)]
        self._labels, self._now = labels, now
        self._shown: set[str] = set()

    def parse(self) -> Query:
        test = self._all("")
        if self._tokens:
            raise bad_argument("Invalid query: unbalanced parentheses")
        return Query(test, self._shown)

    def _all(self, end: str) -> Test:
        """Terms up to `end`: all have to hold, those around OR one; within braces, any one."""
        groups: list[list[Test]] = []
        joins = end == "}"
        while self._tokens and self._tokens[0][2] != end:
            if self._tokens[0][:2] == (None, None) and self._tokens[0][2] == "OR":
                self._tokens.pop(0)
                joins = True
                continue
            term = self._term()
            if joins and groups:
                groups[-1].append(term)
            else:
                groups.append([term])
            joins = end == "}"
        if end:
            if not self._tokens:
                raise bad_argument("Invalid query: unbalanced parentheses")
            self._tokens.pop(0)
        return lambda mail: all(any(test(mail) for test in group) for group in groups)

    def _term(self) -> Test:
        minus, operator, value = self._tokens.pop(0)
        if value in ")}":
            raise bad_argument("Invalid query: unbalanced parentheses")
        if value == "-" and self._tokens and self._tokens[0][2] in "({":
            inner = self._term()
            return lambda mail: not inner(mail)
        if value in "({":
            test = self._all({"(": ")", "{": "}"}[value])
        elif operator:
            test = self._operator(operator.lower(), value.strip('"'))
        else:
            minus = "-" if value.startswith("-") and len(value) > 1 else minus
            word = value.lstrip("-").strip('"').lower()
            test = lambda mail: word in mail.words  # noqa: E731
        return (lambda mail: not test(mail)) if minus else test

    def _operator(self, name: str, value: str) -> Test:
        if name in {"after", "newer", "before", "older"}:
            bound = _moment(value)
            late = name in {"after", "newer"}
            return lambda mail: (mail.date >= bound) is late
        if name in {"newer_than", "older_than"}:
            bound = int((self._now - _days(value) * 86_400) * 1000)
            late = name == "newer_than"
            return lambda mail: (mail.date >= bound) is late
        if name in {"from", "to", "cc", "subject"}:
            word = value.lower()
            return lambda mail: word in mail.header(name)
        if name in {"larger", "smaller", "size"}:
            size, small = _size(value), name == "smaller"
            return lambda mail: (len(mail.raw) < size) is small
        if name == "rfc822msgid":
            wanted = f"<{value.strip('<>')}>"
            return lambda mail: mail.message_id == wanted
        if name == "has" and value.lower() == "attachment":
            return lambda mail: bool(mail.tree.attachments)
        return self._place(name, value.lower())

    def _place(self, name: str, value: str) -> Test:
        if name == "in" and value == "anywhere":
            self._shown |= {"SPAM", "TRASH"}
            return lambda mail: True
        if name == "is" and value in {"read", *FLAGS}:
            if value == "read":
                return lambda mail: "UNREAD" not in mail.labels
            return lambda mail: FLAGS[value] in mail.labels
        if name not in {"in", "label", "category"}:
            raise bad_argument(f"Invalid query: unknown operator {name}:{value}")
        value = f"category_{value}" if name == "category" else value
        wanted = self._labels.like(value)
        self._shown |= wanted & {"SPAM", "TRASH"}
        return lambda mail: bool(wanted & mail.labels)


def _moment(value: str) -> int:
    """Milliseconds; of a day, its beginning in the Pacific."""
    if re.fullmatch(r"\d{5,}", value):
        return int(value) * 1000
    for form in ("%Y/%m/%d", "%Y-%m-%d", "%m/%d/%Y"):
        try:
            day = datetime.strptime(value, form).replace(tzinfo=PACIFIC)
        except ValueError:
            continue
        return int(day.astimezone(UTC).timestamp()) * 1000
    raise bad_argument(f"Invalid query: not a date: {value}")


def _days(value: str) -> int:
    found = re.fullmatch(r"(\d+)([dmy])", value)
    if not found:
        raise bad_argument(f"Invalid query: not a duration: {value}")
    return int(found[1]) * DAYS[found[2]]


def _size(value: str) -> int:
    found = re.fullmatch(r"(\d+)([km]?)b?", value.lower())
    if not found:
        raise bad_argument(f"Invalid query: not a size: {value}")
    return int(found[1]) * SIZES[found[2]]
