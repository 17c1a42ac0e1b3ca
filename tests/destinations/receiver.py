"""A real HTTP server that takes rows and is hard to please, as told."""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: closing sends a reset


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What the receiver has seen and taken, and how it behaves.

    `script` holds one behaviour a request, then it takes everything: a status, (status, headers),
    "reset" (in the middle of the body) or "lost" (taken, but the answer never comes).
    """

    url: str = ""
    honours_key: bool = True
    duplicate_status: int = 200
    needs: dict[str, str] = field(default_factory=dict)
    """Headers without which the answer is 401."""
    script: list[Any] = field(default_factory=list)
    refuses: Callable[[Any], int | None] = lambda _rows: None
    on_taken: Callable[[int], None] = lambda _count: None
    requests: list[Request] = field(default_factory=list)
    taken: list[Any] = field(default_factory=list)
    """The rows, as often as they were taken."""
    keys: dict[str, bytes] = field(default_factory=dict)
    tokens: int = 0
    client: tuple[str, str] = ("me", "s%cret")
    token_seconds: int = 3600
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ids(self, key: str = "item_id") -> list[str]:
        return [row[key] for row in self.taken]

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body; None to reset the connection."""
        if request.path == "/token":
            return self._token(request)
        with self.lock:
            self.requests.append(request)
            behaviour = self.script.pop(0) if self.script else 200
            for name, value in self.needs.items():
                if request.headers.get(name.lower()) != value:
                    return 401, {}, b"who are you?"
            if request.method == "OPTIONS":
                return 204, {}, b""
            if behaviour == "lost":
                self._take(request)
                return None
            status, headers = behaviour if isinstance(behaviour, tuple) else (behaviour, {})
            if not 200 <= status < 300:
                return status, headers, b"not now, or never"
            return self._take(request)

    def _take(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        rows = json.loads(request.body)
        refused = self.refuses(rows)
        if refused:
            return refused, {}, b"I do not want them"
        key = request.headers.get("idempotency-key", "")
        if self.honours_key and key in self.keys:
            if self.keys[key] != request.body:
                return 422, {}, b"the same key with other rows"
            return self.duplicate_status, {}, b"known"
        self.keys[key] = request.body
        self.taken += rows
        self.on_taken(len(self.taken))
        return 200, {}, b"{}"

    def _token(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        form = parse_qs(request.body.decode())
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        who = base64.b64decode(pair).decode() if kind == "Basic" else ""
        if form.get("grant_type") != ["client_credentials"] or who != "me:s%25cret":
            return 401, {}, b'{"error": "invalid_client"}'
        with self.lock:
            self.tokens += 1
            self.needs["Authorization"] = f"Bearer t{self.tokens}"
            told = {"access_token": f"t{self.tokens}", "expires_in": self.token_seconds}
        return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_: object) -> None:
        """Senders are killed, and connections are reset on purpose."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        length = int(self.headers.get("content-length") or 0)
        if receiver.script[:1] == ["reset"] and self.path != "/token":
            receiver.script.pop(0)
            self.rfile.read(length // 2)
            self.reset()
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        answer = receiver.answer(request)
        if answer is None:
            self.reset()
            return
        status, more, body = answer
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_PATCH = do_OPTIONS = do_POST

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Tests say themselves what they saw."""


@contextmanager
def receiving(**behaviour: Any) -> Iterator[Receiver]:
    """A receiver on loopback while the block runs."""
    server = Server(Receiver(**behaviour))
    server.receiver.url = f"http://127.0.0.1:{server.server_port}/rows"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
