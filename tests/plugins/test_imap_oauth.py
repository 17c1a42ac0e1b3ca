"""Who logs in by a token: had from a file or a token server, good or no longer."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dataq_plugins.errors import ConfigError, SourceUnreachable
from tests.conftest import absent
from tests.dovecot import Dovecot, dovecots
from tests.plugins.accounts import Account, mail, told


@dataclass
class TokenServer:
    """Gives access tokens for refresh tokens, and tells the mail server which of them are good."""

    port: int = 0
    good: dict[str, str] = field(default_factory=dict)
    """The user of each access token that is good."""
    refresh: dict[str, str] = field(default_factory=dict)
    """The user of each refresh token."""
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    status: int = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def known(self, path: str) -> tuple[int, dict[str, object]]:
        token = parse_qs(urlsplit(path).query).get("access_token", [""])[0]
        user = self.good.get(token)
        return (200, {"email": user, "active": "yes"}) if user else (401, {"error": "no"})

    def given(self, form: dict[str, list[str]]) -> tuple[int, dict[str, object]]:
        self.asked.append(form)
        user = self.refresh.get(form.get("refresh_token", [""])[0])
        if self.status != 200:
            return self.status, {}
        if not user:
            return 400, {"error": "invalid_grant", "error_description": "expired"}
        token = uuid.uuid4().hex
        self.good[token] = user
        return 200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    made = TokenServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*made.known(self.path))

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            self._answer(*made.given(parse_qs(self.rfile.read(size).decode())))

        def _answer(self, status: int, body: dict[str, object]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture(scope="module")
def server(tokens: TokenServer) -> Iterator[Dovecot]:
    with dovecots(absent) as start:
        yield start(tokeninfo=f"{tokens.url}/tokeninfo?access_token=")


@pytest.fixture
def account(server: Dovecot, tokens: TokenServer) -> Iterator[Account]:
    made = Account(server, f"u{uuid.uuid4().hex[:12]}")
    made.add(mail(1))
    tokens.status = 200
    tokens.asked.clear()
    yield made
    made.close()


@pytest.mark.parametrize("auth", ["xoauth2", "oauthbearer"])
def test_a_token_from_a_file(
    account: Account, tokens: TokenServer, tmp_path: Path, auth: str
) -> None:
    path = tmp_path / "token"
    path.write_text("first-token\n")
    tokens.good["first-token"] = account.user
    values = {"auth": auth, "password": "", "token": f"file:{path}"}
    with account.archived(**values) as post:
        assert told(post.extract()) == [("upsert", "INBOX/1")]
    del tokens.good["first-token"]
    with account.archived(**values) as post, pytest.raises(ConfigError) as caught:
        post.process.check()
    assert caught.value.setting == "token"
    assert "may have expired" in str(caught.value)
    path.write_text("second-token\n")
    tokens.good["second-token"] = account.user
    with account.archived(**values) as post:
        post.process.check()


def oauth(account: Account, tokens: TokenServer, **more: object) -> dict[str, object]:
    return {
        "auth": "oauthbearer",
        "password": "",
        "refresh_token": f"refresh-{account.user}",
        "token_url": f"{tokens.url}/token",
        "client_id": "dataq",
        "client_secret": "client-secret",
        "scope": "mail",
        **more,
    }


def test_a_token_for_a_refresh_token_is_kept_while_it_is_good(
    account: Account, tokens: TokenServer
) -> None:
    tokens.refresh[f"refresh-{account.user}"] = account.user
    with account.archived(**oauth(account, tokens)) as post:
        post.process.check()
        assert told(post.sync()) == [("upsert", "INBOX/1")]
    assert tokens.asked == [
        {
            "grant_type": ["refresh_token"],
            "refresh_token": [f"refresh-{account.user}"],
            "client_id": ["dataq"],
            "client_secret": ["client-secret"],
            "scope": ["mail"],
        }
    ]


def test_a_refresh_token_that_is_no_longer_good(account: Account, tokens: TokenServer) -> None:
    with (
        account.archived(**oauth(account, tokens)) as post,
        pytest.raises(ConfigError, match=r"answered 400 \(invalid_grant\)") as caught,
    ):
        post.process.check()
    assert caught.value.setting == "refresh_token"


def test_a_token_server_that_is_away_is_worth_another_try(
    account: Account, tokens: TokenServer
) -> None:
    tokens.status = 503
    with (
        account.archived(**oauth(account, tokens)) as post,
        pytest.raises(SourceUnreachable, match="503"),
    ):
        post.process.check()
    away = oauth(account, tokens, token_url="http://127.0.0.1:9/token")
    with account.archived(**away) as post, pytest.raises(SourceUnreachable, match="no answer"):
        post.process.check()
