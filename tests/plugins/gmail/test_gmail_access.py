"""Who is let in, by what token, and how that is kept from others."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from dataq_plugins.sdk import SettingError, Unreachable
from dataq_plugins.sources.gmail.addresses import refuse_unsafe
from dataq_plugins.sources.gmail.token_file import read_token, write_token
from tests.emulators.gmail import METADATA, READONLY, Gmail
from tests.emulators.gmail.mailboxes import Mailbox
from tests.plugins.gmail.gmailed import USER, Archive, expect_same, plugin

TOKEN = {"refresh_token": "1//secret-of-ana", "client_id": "c", "client_secret": "GOCSPX-secret"}


def refused(gmail: Gmail, **more: str) -> SettingError:
    """The error of a check with these settings."""
    with plugin(gmail, **more) as source, pytest.raises(SettingError) as error:
        source.check()
    return error.value


def test_a_token_file_is_read_by_its_owner_alone(
    gmail: Gmail, box: Mailbox, tmp_path: Path
) -> None:
    path = tmp_path / "tokens" / "ana.json"
    write_token(path, gmail.authorized_user(USER))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(path.parent) == ["ana.json"]
    with plugin(gmail, token="-", token_file=str(path)) as source:
        source.check()
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        error = refused(gmail, token="-", token_file=str(path))
        assert (error.setting, "chmod 600" in str(error)) == ("token_file", True)
    path.chmod(0o600)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    for bad in (link, tmp_path, tmp_path / "missing.json"):
        with pytest.raises(SettingError):
            read_token(bad)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingError):
        read_token(tmp_path / "pipe")


def test_writing_a_token_anew_replaces_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "ana.json"
    write_token(path, TOKEN)
    path.chmod(0o644)  # however it was left
    write_token(path, {**TOKEN, "client_id": "d"})
    assert read_token(path)["client_id"] == "d"


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[]", "no JSON"),
        ('{"client_id": "c"}', "refresh_token"),
        ('{"refresh_token": "1//secret-of-ana"}', "client_id"),
        (json.dumps({**TOKEN, "token_uri": "http://evil.example/token"}), "not encrypted"),
        (json.dumps({**TOKEN, "token_uri": "ftp://x/"}), "no address"),
    ],
)
def test_a_bad_token_is_refused_without_showing_it(
    gmail: Gmail, tmp_path: Path, token: str, told: str
) -> None:
    path = tmp_path / "token.json"
    path.write_text(token)
    path.chmod(0o600)
    error = refused(gmail, token="-", token_file=str(path))
    assert told in str(error)
    assert "secret" not in str(error)


def test_a_service_account_acts_for_the_user(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    key = json.dumps(gmail.service_account())
    with plugin(gmail, token="-", service_account=key) as source:
        source.check()
        archive.extract(source)
        expect_same(archive, box)
        gmail.advance(4000)
        assert archive.extract(source) == []
    key = json.dumps(gmail.service_account("https://www.googleapis.com/auth/calendar"))
    error = refused(gmail, token="-", service_account=key)
    assert error.setting == "service_account"
    assert READONLY in str(error)
    key = json.dumps(gmail.service_account())
    error = refused(gmail, token="-", service_account=key, account="nobody@elsewhere.example")
    assert error.setting == "service_account"
    for bad in ("{}", '{"type": "service_account", "private_key": "secret"}'):
        error = refused(gmail, token="-", service_account=bad)
        assert error.setting == "service_account"
        assert "secret" not in str(error)


def test_revoked_and_unknown_say_what_to_do(gmail: Gmail, box: Mailbox) -> None:
    token = gmail.authorized_user(USER)
    wrong = {**token, "client_secret": "other"}
    error = refused(gmail, token=json.dumps(wrong))
    assert (error.setting, "dataq sources auth" in str(error)) == ("client", True)
    gmail.revoke(USER)
    error = refused(gmail, token=json.dumps(token))
    assert (error.setting, "invalid_grant" in str(error)) == ("token", True)
    assert token["refresh_token"] not in str(error)


def test_a_scope_that_is_not_enough_says_what_to_do(gmail: Gmail, box: Mailbox) -> None:
    token = {**gmail.authorized_user(USER, METADATA), "scopes": [METADATA]}
    with plugin(gmail, token=json.dumps(token)) as source, pytest.raises(SettingError) as error:
        Archive().extract(source)
    assert (error.value.setting, READONLY in str(error.value)) == ("token", True)


def test_an_api_that_is_off_and_a_day_that_is_over(gmail: Gmail, box: Mailbox) -> None:
    gmail.fault(403, "getProfile", reason="accessNotConfigured")
    assert "enable it" in str(refused(gmail))
    gmail.fault(403, "getProfile", reason="dailyLimitExceeded")
    with plugin(gmail) as source, pytest.raises(Unreachable, match="of the day"):
        source.check()
    gmail.fault(403, "getProfile", reason="rateLimitExceeded")
    with plugin(gmail) as source:
        source.check()


def test_a_token_server_that_is_away_is_asked_again(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    gmail.fault(503, "token", times=2)
    with plugin(gmail) as source:
        archive.extract(source)
    expect_same(archive, box)


class Elsewhere(BaseHTTPRequestHandler):
    """Sends everybody to another server, or notes that somebody came."""

    to = ""
    came: list[str]

    def do_GET(self) -> None:
        self.came.append(self.headers.get("Authorization", ""))
        self.send_response(302 if self.to else 200)
        self.send_header("Location", self.to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def servers() -> Iterator[list[HTTPServer]]:
    made = []
    for _ in range(2):
        to = f"http://127.0.0.1:{made[0].server_port}/" if made else ""
        kind = type("Kind", (Elsewhere,), {"to": to, "came": []})
        made.append(HTTPServer(("127.0.0.1", 0), kind))
    threads = [Thread(target=each.serve_forever, args=[0.01]) for each in made]
    for each in threads:
        each.start()
    yield made
    for server, thread in zip(made, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_token_never_goes_elsewhere(
    gmail: Gmail, box: Mailbox, servers: list[HTTPServer]
) -> None:
    other, sender = servers
    error = refused(gmail, endpoint=f"http://127.0.0.1:{sender.server_port}/")
    assert (error.setting, "elsewhere" in str(error)) == ("endpoint", True)
    assert sender.RequestHandlerClass.came  # type: ignore[attr-defined]
    assert other.RequestHandlerClass.came == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "url",
    [
        "http://gmail.googleapis.com/",
        "http://10.0.0.1/",
        "http://127.0.0.1.evil.example/",
        "ftp://x/",
        "https://",
        "https://name:secret@x/",
        "https://x/?a=b",
        "//x/",
        "http://[::1",
        "https://x:port/",
    ],
)
def test_only_encrypted_addresses_and_loopback_are_taken(url: str) -> None:
    with pytest.raises(SettingError):
        refuse_unsafe("endpoint", url)


@pytest.mark.parametrize(
    "url", ["https://x/", "http://127.0.0.1:8/", "http://[::1]:8/", "http://localhost/"]
)
def test_these_are(url: str) -> None:
    refuse_unsafe("endpoint", url)
