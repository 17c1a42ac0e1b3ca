"""Connects to a server, and only to addresses that are allowed."""

from __future__ import annotations

import socket

from dataq_plugins.network.address import ForbiddenAddress, expect_public
from dataq_plugins.sources.imap.errors import Lost


def connected(host: str, port: int, timeout: float, allow_private: bool) -> socket.socket:
    """Return a connection to a host; raises Lost, and SettingError for an address not allowed."""
    try:
        peer = socket.create_connection((host, port), timeout)
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise Lost(f"no connection ({reason.lower()})") from None
    if not allow_private:
        try:
            expect_public(peer)
        except ForbiddenAddress as error:
            peer.close()
            raise error.told(host) from None
    return peer
