"""multipart/mixed: what one batch asks, and what it is answered."""

from __future__ import annotations

import re
import secrets
from email.message import Message

from tests.emulators.gmail.calls import JSON, Answer, Call, read_call
from tests.emulators.gmail.errors import Refused, bad_argument

LARGEST = 100
STATUS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
BLANK = re.compile(rb"\r?\n\r?\n")


def parts(call: Call) -> list[tuple[str, Call]]:
    """The calls of a batch with their Content-IDs; 400 where there are too many, or none."""
    found = _cut(call)
    if len(found) > LARGEST:
        raise bad_argument(f"The batch request has {len(found)} calls, the limit is {LARGEST}.")
    if not found:
        raise bad_argument("Failed to parse batch request, error: No parts found.")
    return [_inner(call, number, part) for number, part in enumerate(found)]


def joined(answers: list[tuple[str, Answer]]) -> Answer:
    """The answers to the parts, in their order; what breaks the wire for one, breaks it for all."""
    boundary = f"batch_{secrets.token_urlsafe(24)}"
    pieces: list[bytes] = []
    whole = Answer(200, kind=f"multipart/mixed; boundary={boundary}")
    for content_id, answer in answers:
        if answer.wire == "drop":
            continue
        if answer.wire:
            whole.wire, whole.seconds = answer.wire, answer.seconds
        pieces += _written(boundary, content_id, answer)
    whole.body = b"".join([*pieces, f"--{boundary}--\r\n".encode()])
    return whole


def _cut(call: Call) -> list[bytes]:
    """The parts between the boundaries, each without the line end that belongs to the boundary."""
    kind = Message()
    kind["Content-Type"] = call.headers.get("content-type", "")
    boundary = kind.get_boundary()
    if kind.get_content_type() != "multipart/mixed" or not boundary:
        raise bad_argument("Failed to parse batch request, error: Missing boundary.")
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary.encode()), call.body)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise bad_argument("Failed to parse batch request, error: Missing end boundary.")
    return [piece.lstrip(b" \t") for piece in pieces[1:-1]]


def _inner(outer: Call, number: int, part: bytes) -> tuple[str, Call]:
    """The request in a part; what it has no Authorization of is asked in the batch's name."""
    part = re.sub(rb"\A\r?\n", b"", part)
    around, _, rest = _split(part)
    headers = _headers(around.splitlines())
    head, _, body = _split(rest.lstrip(b"\r\n"))
    lines = head.splitlines() or [b""]
    words = lines[0].decode("latin-1").split()
    if headers.get("content-type", "").split(";")[0] != "application/http" or len(words) < 2:
        raise bad_argument("Failed to parse batch request, error: Failed in parsing HTTP payload.")
    inside = _headers(lines[1:])
    if "authorization" in outer.headers:
        inside.setdefault("authorization", outer.headers["authorization"])
    call = read_call(outer.number, words[0], words[1], inside, body)
    call.part = number
    return headers.get("content-id", ""), call


def _split(text: bytes) -> tuple[bytes, bytes, bytes]:
    found = BLANK.search(text)
    if found is None:
        return text, b"", b""
    return text[: found.start()], found.group(), text[found.end() :]


def _headers(lines: list[bytes]) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def _written(boundary: str, content_id: str, answer: Answer) -> list[bytes]:
    lines = [f"--{boundary}", "Content-Type: application/http"]
    if content_id:
        lines.append(f"Content-ID: <response-{content_id.strip().lstrip('<')}")
    lines += ["", f"HTTP/1.1 {answer.status} {STATUS.get(answer.status, 'Unknown')}"]
    lines += [f"Content-Type: {answer.kind or JSON}", "Vary: Origin"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines += [f"Content-Length: {len(answer.body)}", "", ""]
    return ["\r\n".join(lines).encode(), answer.body, b"\r\n"]


def refuse_inner(call: Call) -> None:
    """A batch within a batch, and what else is no method of the API."""
    if call.method in {"batch", "token", "revoke", "auth", "tokeninfo"}:
        raise Refused(404)
