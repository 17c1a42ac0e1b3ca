"""What is asked of the emulator, and what it answers."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

JSON = "application/json; charset=UTF-8"
# How each method is called in counts, logs, faults and hooks, by the path below /gmail/v1/users/ME.
PATHS = (
    ("getProfile", re.compile(r"/profile")),
    ("labels.list", re.compile(r"/labels")),
    ("labels.get", re.compile(r"/labels/(?P<id>[^/]+)")),
    ("messages.list", re.compile(r"/messages")),
    ("messages.get", re.compile(r"/messages/(?P<id>[^/]+)")),
    ("attachments.get", re.compile(r"/messages/(?P<id>[^/]+)/attachments/(?P<attachment>[^/]+)")),
    ("history.list", re.compile(r"/history")),
)
USERS = re.compile(r"/gmail/v1/users/(?P<user>[^/]+)(?P<rest>/.+)")
BESIDE = {
    "/batch": "batch",
    "/batch/gmail/v1": "batch",
    "/token": "token",
    "/revoke": "revoke",
    "/tokeninfo": "tokeninfo",
    "/o/oauth2/v2/auth": "auth",
    "/o/oauth2/auth": "auth",
}


@dataclass
class Call:
    """A request, or a part of a batch (`part` counts from 0). `method` is what it was taken for."""

    number: int
    verb: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]  # by names in lower case
    body: bytes = b""
    part: int | None = None
    turn: int = 0  # how many parts of its batch were done before it
    method: str = "unknown"
    named: dict[str, str] = field(default_factory=dict)  # user, id, attachment: out of the path
    user: str = ""  # whose token it has
    status: int = 0
    at: float = field(default_factory=time.monotonic)

    def first(self, name: str, otherwise: str = "") -> str:
        return self.query.get(name, [otherwise])[0]

    def form(self) -> dict[str, str]:
        """The fields of a form that was sent."""
        return {name: values[0] for name, values in parse_qs(self.body.decode("latin-1")).items()}

    def told(self) -> dict[str, Any]:
        """As `log()` has it."""
        return {
            "number": self.number,
            "part": self.part,
            "verb": self.verb,
            "method": self.method,
            "id": self.named.get("id", ""),
            "query": self.query,
            "user": self.user,
            "status": self.status,
            "at": self.at,
        }


@dataclass
class Answer:
    """`wire` is what goes wrong while it is sent (see faults.py), for `seconds` where it stalls."""

    status: int
    body: bytes = b""
    kind: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    wire: str = ""
    seconds: float | None = None


def read_call(number: int, verb: str, target: str, headers: dict[str, str], body: bytes) -> Call:
    """The call that a request line and what follows it are."""
    split = urlsplit(target)
    query = parse_qs(split.query, keep_blank_values=True)
    call = Call(number, verb, split.path, query, headers, body)
    if split.path in BESIDE:
        call.method = BESIDE[split.path]
        return call
    users = USERS.fullmatch(split.path)
    if not users:
        return call
    call.named["user"] = unquote(users["user"])
    for name, path in PATHS:
        found = path.fullmatch(users["rest"])
        if found:
            call.method = name
            call.named |= {key: unquote(value) for key, value in found.groupdict().items()}
    if verb != "GET" and call.method != "unknown":
        call.method = "write"
    return call


def as_json(content: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode())
