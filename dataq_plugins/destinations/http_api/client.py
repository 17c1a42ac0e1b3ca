"""Sends one request over a connection that is kept, and only to addresses that are allowed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from dataq_plugins.destinations.http_api.answer import Answer, NoAnswer
from dataq_plugins.sdk import SettingError

ANSWER_BYTES = 1 << 20
"""Of an answer nobody needs more; a connection with more to read is not used again."""


class ForbiddenAddress(Exception):
    """The connection leads to this machine or a private network."""


class _Public(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _expect_public(connected)
        return connected


class _PublicTls(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _expect_public(connected)
        return connected


def _expect_public(connected: socket.socket) -> None:
    """Looks where the connection ended up, not at a name: that may lead elsewhere each time."""
    host = connected.getpeername()[0]
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    if not (mapped or address).is_global:
        connected.close()
        raise ForbiddenAddress(host)


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _Public


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTls


class Client:
    """Connections are kept; nothing is tried twice and no redirect is followed here."""

    def __init__(self, timeout_seconds: float, allow_private: bool) -> None:
        self._pools = urllib3.PoolManager(
            retries=False,
            timeout=urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds),
        )
        if not allow_private:
            self._pools.pool_classes_by_scheme = {"http": _PublicPool, "https": _PublicTlsPool}

    def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer, whatever it says; raises NoAnswer, or SettingError for a wrong URL."""
        try:
            response: Any = self._pools.urlopen(
                method, url, body=body, headers=dict(headers), redirect=False, preload_content=False
            )
            return _read(response)
        except ForbiddenAddress as error:
            raise SettingError(
                "allow_private",
                f"{url} leads to {error}, an address of this machine or a private network: set "
                "allow_private to true if that is meant",
            ) from None
        except (urllib3.exceptions.LocationParseError, urllib3.exceptions.URLSchemeUnknown):
            raise SettingError("url", f"{url!r} is no URL of http or https") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswer(f"no answer: {_reason(error)}") from error


def _read(response: Any) -> Answer:
    body = response.read(ANSWER_BYTES)
    if response.read(1):
        response.close()
    response.release_conn()
    return Answer(int(response.status), response.headers, body)


def _reason(error: BaseException) -> str:
    """What was wrong, without urllib3's names of objects."""
    text = str(error).rpartition("): ")[2] if "object at 0x" in str(error) else str(error)
    return " ".join(text.split()) or type(error).__name__
