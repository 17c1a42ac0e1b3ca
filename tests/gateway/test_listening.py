"""Where servers listen: on addresses of both kinds, and what is said where they cannot."""

from __future__ import annotations

import socket

import pytest

from dataq_gateway.errors import CommandFailed
from dataq_gateway.listening import listening

KINDS = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest) -> str:
    address: str = request.param
    try:
        socket.create_server((address, 0), family=KINDS[address]).close()
    except OSError as error:
        pytest.skip(f"{address} is none of this machine: {error}")
    return address


def test_a_port_is_taken_once(host: str) -> None:
    with listening(host, 0, 7) as opened:
        port = opened.getsockname()[1]
        socket.create_connection((host, port), 5).close()
        with pytest.raises(CommandFailed, match=f"cannot listen on {host}, port {port}: .*in use"):
            listening(host, port)
