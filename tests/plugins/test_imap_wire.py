"""What comes over a socket is bounded, whatever the other side says."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from dataq_plugins.sources.imap import wire
from dataq_plugins.sources.imap.errors import Broken, Lost
from dataq_plugins.sources.imap.wire import TooLong, Wire

Pair = tuple[Wire, socket.socket]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Our side, for which 100 bytes of text and literals of 50 are too many, and the other."""
    monkeypatch.setattr(wire, "LINE_BYTES", 100)
    monkeypatch.setattr(wire, "LITERAL_BYTES", 50)
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    made = Wire(ours, 1_000)
    with theirs:
        yield made, theirs
    made.close()


def test_a_literal_that_is_too_long_is_read_past(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(b"a {3}\r\nxyz b {60}\r\n" + b"x" * 60 + b" c\r\nnext\r\n")
    assert ours.read() == [b"a ", b"xyz", b" b ", TooLong(60), b" c"]
    assert ours.read() == [b"next"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x" * 200, "longer than"),
        (b"x" * 40 + b" {1}\r\na" + b"x" * 40 + b" {1}\r\na" + b"x" * 40 + b"\r\n", "longer than"),
        (b"a {1001}\r\n", "a literal of 1,001 bytes"),
    ],
)
def test_what_is_more_than_anybody_needs_is_not_read(pair: Pair, data: bytes, reason: str) -> None:
    ours, theirs = pair
    theirs.sendall(data)
    with pytest.raises(Broken, match=reason):
        ours.read()


def test_an_end_in_the_middle_is_no_response(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(b"a {10}\r\nxyz")
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(Lost, match="closed"):
        ours.read()


def test_it_waits_for_a_response_but_not_longer(pair: Pair) -> None:
    ours, theirs = pair
    assert not ours.wait(0.01)
    theirs.sendall(b"one\r\ntwo\r\n")
    assert ours.wait(5)
    assert ours.read() == [b"one"]
    assert ours.wait(0)
    assert ours.read() == [b"two"]
    assert not ours.wait(0)
    theirs.shutdown(socket.SHUT_WR)
    assert ours.wait(5)
    with pytest.raises(Lost, match="closed"):
        ours.read()
