"""A client that hides nothing: each answer with its status, headers and bytes."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from email.parser import BytesParser
from typing import Any
from urllib.parse import urlencode, urlsplit

ME = "/gmail/v1/users/me"
SECONDS = 20


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        return str(self.json["error"]["errors"][0]["reason"])


class Client:
    """One connection, kept alive."""

    def __init__(self, url: str, token: str = "", seconds: float = SECONDS) -> None:
        self._line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=seconds)
        self.token = token

    def close(self) -> None:
        self._line.close()

    def ask(self, verb: str, path: str, body: bytes | str = b"", **headers: str) -> Reply:
        if self.token:
            headers = {"Authorization": f"Bearer {self.token}", **headers}
        self._line.request(verb, path, body, headers)
        answer = self._line.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def get(self, path: str, **query: Any) -> Reply:
        """A method of the API below the user."""
        return self.ask("GET", f"{ME}{path}?{urlencode(query, doseq=True)}")

    def post(self, path: str, **form: str) -> Reply:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(form), **kind)

    def batch(self, *paths: str, path: str = "/batch/gmail/v1") -> list[tuple[str, Reply]]:
        """The answers to the parts, each with its Content-ID."""
        return parts(self.send_batch(*paths, path=path))

    def send_batch(self, *paths: str, path: str = "/batch/gmail/v1") -> Reply:
        lines: list[str] = []
        for number, each in enumerate(paths):
            lines += ["--=b=", "Content-Type: application/http", f"Content-ID: <x + {number}>", ""]
            lines += [f"GET {ME}{each} HTTP/1.1", "Host: www.googleapis.com", "", ""]
        body = "\r\n".join([*lines, "--=b=--", ""])
        return self.ask("POST", path, body, **{"Content-Type": 'multipart/mixed; boundary="=b="'})


def parts(reply: Reply) -> list[tuple[str, Reply]]:
    """What is in the answer to a batch, as Python's own parser reads it."""
    assert reply.status == 200, reply.body
    whole = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode() + reply.body
    found: list[tuple[str, Reply]] = []
    for part in BytesParser().parsebytes(whole).get_payload():
        assert part.get_content_type() == "application/http"  # type: ignore[union-attr]
        content = part.get_payload(decode=True)  # type: ignore[union-attr]
        line, _, rest = content.partition(b"\r\n")  # type: ignore[union-attr]
        head = BytesParser().parsebytes(rest)
        inner = Reply(int(line.split()[1]), dict(head.items()), head.get_payload(decode=True))  # type: ignore[arg-type]
        found.append((str(part["Content-ID"]), inner))  # type: ignore[index]
    return found
