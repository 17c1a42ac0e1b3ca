"""Messages between the server and who asks it: one JSON object each, files along with the first."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

LENGTH = struct.Struct(">I")
MOST_BYTES = 8 << 20
FILES = 4
"""Standard input, output and error of the child, and the pipe that says when it may begin."""


@dataclass(frozen=True)
class Request:
    """What a child is to do; without a task the connection only keeps the server alive."""

    task: str = ""
    words: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    idle_seconds: float = 0
    """Without a task: so long without a child the server stays; 0 for as long as it is wanted."""


@dataclass(frozen=True)
class Reply:
    """Either the child that waits to begin, or why there is none."""

    process: str = ""
    refused: str = ""
    stale: bool = False
    """The code has changed since it was loaded: a server that is started now has the new one."""


def send_request(to: socket.socket, request: Request, files: Sequence[int] = ()) -> None:
    """Sends it whole; raises OSError."""
    text = _packed(asdict(request))
    if files:
        sent = socket.send_fds(to, [text], list(files))
        text = text[sent:]
    to.sendall(text)


def receive_request(come: socket.socket) -> tuple[Request, list[int]]:
    """The request and the files that came with it; raises OSError or ValueError, then without."""
    start, files, _, _ = socket.recv_fds(come, 1 << 16, FILES)
    try:
        given = _unpacked(come, start)
        return Request(**{**given, "words": tuple(given["words"])}), files
    except BaseException as error:
        close_files(files)
        if isinstance(error, (KeyError, TypeError)):
            raise ValueError(f"no request: {error}") from None
        raise


def send(to: socket.socket, message: dict[str, Any]) -> None:
    """Sends one object; raises OSError."""
    to.sendall(_packed(message))


def receive(come: socket.socket) -> dict[str, Any]:
    """One object; raises OSError where the other side ended before it was whole, or ValueError."""
    return _unpacked(come, b"")


def close_files(files: Sequence[int]) -> None:
    """Closes descriptors, whatever they are."""
    for each in files:
        with suppress(OSError):
            os.close(each)


def _packed(message: dict[str, Any]) -> bytes:
    text = json.dumps(message).encode()
    return LENGTH.pack(len(text)) + text


def _unpacked(come: socket.socket, start: bytes) -> dict[str, Any]:
    head = _filled(come, start, LENGTH.size)
    (length,) = LENGTH.unpack_from(head)
    if length > MOST_BYTES:
        raise ValueError(f"a message of {length} bytes")
    whole = _filled(come, head, LENGTH.size + length)
    found = json.loads(whole[LENGTH.size :])
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _filled(come: socket.socket, start: bytes, size: int) -> bytes:
    """At least so many bytes; never more than the message has, for one is sent at a time."""
    parts, have = [start], len(start)
    while have < size:
        part = come.recv(min(1 << 20, size - have))
        if not part:
            raise ConnectionError("the other side has ended")
        parts.append(part)
        have += len(part)
    return b"".join(parts)
