"""Where a connection may lead to."""

from __future__ import annotations

import ipaddress
import socket

from dataq_plugins.sdk import SettingError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenAddress(Exception):
    """The connection leads to this machine or a private network."""

    def told(self, place: str) -> SettingError:
        """Return the error for the user, who named the place."""
        return SettingError(
            "allow_private",
            f"{place} leads to {self}, an address of this machine or a private network: set "
            "allow_private to true if that is meant",
        )


def expect_public(peer: socket.socket) -> None:
    """Raise ForbiddenAddress where the connection is not to the internet.

    It is looked where it ended up, not at a name: that may lead elsewhere each time.
    """
    address = peer_address(peer)
    if not address.is_global:
        raise ForbiddenAddress(address)


def peer_address(peer: socket.socket) -> Address:
    """Return the other side's address; one of IPv4 also where it is written as one of IPv6."""
    address = ipaddress.ip_address(peer.getpeername()[0].partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
