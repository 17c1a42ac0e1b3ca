"""Sends one HTTP request over a connection that is kept, and only to addresses that are allowed.

The standard library's client: it takes half the time of those that stand on it, and lets us see
where a connection has ended up before anything is sent.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from dataq_plugins.network.address import ForbiddenAddress, expect_public
from dataq_plugins.network.answer import Answer, NoAnswer
from dataq_plugins.network.connection import is_dropped, reason
from dataq_plugins.sdk import SettingError

ANSWER_BYTES = 1 << 20
"""Of an answer nobody needs more; a connection with more to read is not used again."""


class _Public(HTTPConnection):
    """Looks where the connection ended up before anything is sent."""

    def connect(self) -> None:
        super().connect()
        try:
            expect_public(self.sock)
        except ForbiddenAddress:
            self.close()
            raise


class _PublicTls(HTTPSConnection, _Public):
    """The same before TLS begins."""


class Client:
    """One connection a server is kept; nothing is tried twice and no redirect is followed."""

    def __init__(self, timeout_seconds: float, allow_private: bool) -> None:
        self._timeout = timeout_seconds
        self._plain, self._tls = (
            (HTTPConnection, HTTPSConnection) if allow_private else (_Public, _PublicTls)
        )
        self._connections: dict[tuple[str, str], HTTPConnection] = {}

    def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer, whatever it says; raises NoAnswer, or SettingError for what cannot be."""
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        server = (parts.scheme, parts.netloc)
        try:
            connection = self._connection(*server)
            connection.request(method, target, body, dict(headers))
            return self._answer(connection)
        except ForbiddenAddress as error:
            raise error.told(url) from None
        except (HTTPException, OSError) as error:
            self._forget(server)
            raise NoAnswer(f"no answer: {reason(error)}") from error
        except ValueError:  # its text would show the header
            self._forget(server)
            raise SettingError("headers", "one has characters that no header may have") from None

    def _connection(self, scheme: str, netloc: str) -> HTTPConnection:
        kept = self._connections.get((scheme, netloc))
        if kept and not (kept.sock and is_dropped(kept.sock)):
            return kept  # one that is closed connects anew by itself
        if kept:
            kept.close()
        if scheme == "https":
            context = ssl.create_default_context()
            made: HTTPConnection = self._tls(netloc, timeout=self._timeout, context=context)
        else:
            made = self._plain(netloc, timeout=self._timeout)
        self._connections[scheme, netloc] = made
        return made

    def _answer(self, connection: HTTPConnection) -> Answer:
        response = connection.getresponse()
        body = response.read(ANSWER_BYTES)
        if not response.isclosed() and response.read(1):
            connection.close()
        return Answer(response.status, response.headers, body)

    def _forget(self, server: tuple[str, str]) -> None:
        if connection := self._connections.pop(server, None):
            connection.close()
