"""Where a server of ours listens."""

from __future__ import annotations

import socket

from dataq_gateway.errors import CommandFailed


def listening(host: str, port: int, backlog: int | None = None) -> socket.socket:
    """A socket to take connections from, on an address of either kind; raises CommandFailed."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise CommandFailed(
            f"cannot listen on {host}, port {port}: {error.strerror or error}",
            do="choose another one with --host and --port",
        ) from None
