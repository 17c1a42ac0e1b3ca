"""Connects to a server, and only to addresses that are allowed."""

from __future__ import annotations

import ipaddress
import socket

from dataq_plugins.sdk import SettingError
from dataq_plugins.sources.imap.errors import Lost


def connected(host: str, port: int, timeout: float, allow_private: bool) -> socket.socket:
    """Return a connection to a host; raises Lost, and SettingError for an address not allowed.

    It is looked where the connection ended up, not at a name: that may lead elsewhere each time.
    """
    try:
        peer = socket.create_connection((host, port), timeout)
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise Lost(f"no connection ({reason.lower()})") from None
    address = peer_address(peer)
    if not allow_private and not address.is_global:
        peer.close()
        raise SettingError(
            "allow_private",
            f"{host} leads to {address}, an address of this machine or a private network: set "
            "allow_private to true if that is meant",
        )
    return peer


def peer_address(peer: socket.socket) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the other side's address; one of IPv4 also where it is written as one of IPv6."""
    address = ipaddress.ip_address(peer.getpeername()[0].partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
