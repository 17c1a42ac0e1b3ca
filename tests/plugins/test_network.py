"""How plugins reach servers: waits, addresses, headers, and tokens that are kept until they end."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest

from dataq_plugins.network.backoff import backoff, retry_after
from dataq_plugins.network.client import Client
from dataq_plugins.network.token_server import Grant, TokenServer
from dataq_plugins.sdk import SettingError, Unreachable


def test_retry_after_is_a_number_or_a_date() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    earlier = format_datetime(now - timedelta(seconds=90), usegmt=True)
    values = [None, "", "17", later, earlier, "soon", "-1", "Mon, 1 Jan 2001 00:00:00"]
    assert [retry_after(each, now) for each in values] == [0, 0, 17, 90, 0, 0, 0, 0]


@pytest.mark.parametrize("attempt", [1, 2, 5, 1_000])
def test_backoff_doubles_is_random_and_ends(attempt: int) -> None:
    most = min(60, 0.5 * 2 ** min(attempt - 1, 32))
    waits = [backoff(attempt, 0.5, 60) for _ in range(300)]
    assert 0 <= min(waits) < most * 0.2
    assert most * 0.8 < max(waits) <= most


def test_a_forbidden_address_is_seen_before_tls_begins() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/rows"
        with pytest.raises(SettingError, match="private network"):
            Client(60, allow_private=False).send("POST", url, b"rows", {})
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.recv(1) == b""


def test_a_header_that_cannot_be_is_not_shown() -> None:
    with pytest.raises(SettingError) as error:
        Client(60, allow_private=True).send("POST", "http://127.0.0.1:9/", b"", {"X": "se\ncret"})
    assert "cret" not in str(error.value)
    assert error.value.setting == "headers"


class Giver(HTTPServer):
    """Answers each request for a token with what the test says."""

    def __init__(self) -> None:
        self.status, self.wait, self.told = 200, "", b"{}"
        self.asked: list[tuple[dict[str, list[str]], str | None]] = []
        super().__init__(("127.0.0.1", 0), Answering)

    def ask(self, seconds: float = 60, **more: bool) -> TokenServer:
        url = f"http://127.0.0.1:{self.server_port}/token"
        form, headers = {"grant_type": "any & all"}, {"Authorization": "Basic me"}
        grant = Grant(url, form, "secret", headers, seconds, **more)
        return TokenServer(grant, lambda: Client(5, allow_private=True))


class Answering(BaseHTTPRequestHandler):
    server: Giver

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((parse_qs(form), self.headers["Authorization"]))
        self.send_response(self.server.status)
        if self.server.wait:
            self.send_header("Retry-After", self.server.wait)
        self.send_header("Content-Length", str(len(self.server.told)))
        self.end_headers()
        self.wfile.write(self.server.told)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def giver() -> Iterator[Giver]:
    with Giver() as made:
        thread = Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_a_token_is_kept_until_shortly_before_its_end(giver: Giver) -> None:
    giver.told = json.dumps({"access_token": "one", "expires_in": 100}).encode()
    server = giver.ask(99)
    assert (server.kept, server.fetch(), server.kept) == ("", "one", "one")
    assert giver.asked == [({"grant_type": ["any & all"]}, "Basic me")], "once"
    server._until -= 1
    assert server.kept == "", "99 seconds early"
    server.fetch()
    server.forget()
    assert server.kept == ""
    giver.told = json.dumps({"access_token": "two", "expires_in": -5}).encode()
    assert (server.fetch(), server.kept) == ("two", "two"), "it is good for a second at least"
    server._until -= 1
    assert server.kept == ""


def test_a_token_server_that_says_no(giver: Giver) -> None:
    giver.status, giver.told = 400, b'{"error": "invalid_grant", "more": "hidden"}'
    with pytest.raises(SettingError, match=r"answered 400$") as error:
        giver.ask().fetch()
    assert error.value.setting == "secret"
    with pytest.raises(SettingError, match=r"answered 400 \(invalid_grant\)$"):
        giver.ask(tells_error=True).fetch()
    for told in (b"", b"[]", b'{"error": "two\\nlines"}'):
        giver.told = told
        with pytest.raises(SettingError, match=r"answered 400$"):
            giver.ask(tells_error=True).fetch()


@pytest.mark.parametrize("told", [b"", b"[]", b"{}", b'{"access_token": "a", "expires_in": "x"}'])
def test_what_is_no_token_blames_the_address(giver: Giver, told: bytes) -> None:
    giver.told = told
    server = giver.ask()
    with pytest.raises(SettingError, match="is no token") as error:
        server.fetch()
    assert (error.value.setting, server.kept) == ("token_url", "")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_token_server_that_is_busy_is_worth_another_try(giver: Giver, status: int) -> None:
    giver.status, giver.wait = status, "7"
    with pytest.raises(Unreachable, match=f"answered {status}$"):
        giver.ask().fetch()
    with pytest.raises(Unreachable, match=f"answered {status}, asks to wait 7 s$"):
        giver.ask(tells_wait=True).fetch()
