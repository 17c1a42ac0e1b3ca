"""Sends one request over a connection that is kept, and only to addresses that are allowed.

The standard library's client: it takes half the time of those that stand on it, and lets us see
where a connection has ended up before anything is sent.
"""

from __future__ import annotations

import ipaddress
import select
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from dataq_plugins.destinations.http_api.answer import Answer, NoAnswer
from dataq_plugins.sdk import SettingError

ANSWER_BYTES = 1 << 20
"""Of an answer nobody needs more; a connection with more to read is not used again."""


class ForbiddenAddress(Exception):
    """The connection leads to this machine or a private network."""


class _Public(HTTPConnection):
    """Looks where the connection ended up, not at a name: that may lead elsewhere each time."""

    def connect(self) -> None:
        super().connect()
        host = self.sock.getpeername()[0]
        address = ipaddress.ip_address(host.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        if not (mapped or address).is_global:
            self.close()
            raise ForbiddenAddress(host)


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
            raise SettingError(
                "allow_private",
                f"{url} leads to {error}, an address of this machine or a private network: set "
                "allow_private to true if that is meant",
            ) from None
        except (HTTPException, OSError) as error:
            self._forget(server)
            raise NoAnswer(f"no answer: {_reason(error)}") from error
        except ValueError:  # its text would show the header
            self._forget(server)
            raise SettingError("headers", "one has characters that no header may have") from None

    def _connection(self, scheme: str, netloc: str) -> HTTPConnection:
        kept = self._connections.get((scheme, netloc))
        if kept and not _is_dropped(kept):
            return kept
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


def _is_dropped(connection: HTTPConnection) -> bool:
    """Whether the server has closed a connection that nothing is asked on."""
    if connection.sock is None:
        return False  # it connects anew by itself
    ready = select.poll()
    ready.register(connection.sock, select.POLLIN)
    return bool(ready.poll(0))


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()) or type(error).__name__
