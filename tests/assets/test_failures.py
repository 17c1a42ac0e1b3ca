"""Failed runs are told to real servers: once where all goes well, and until it has gone well."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from standardwebhooks import Webhook

from dataq_assets.defs.failures import failure_sensor
from dataq_resources.home import Home
from dataq_resources.lake import HomeResource
from dataq_resources.notifying.channel import FixChannel, read_channel

CERTIFICATES = Path(__file__).parent / "certificates"
SECRET = "whsec_YSBrZXkgZm9yIHRoZSB0ZXN0cyBvZiBub3RpY2Vz"


class Receiver:
    """An HTTP server that keeps what it is sent, and answers as it is told."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/told"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Mails(Message):
    """Keeps what came by SMTP."""

    def __init__(self) -> None:
        super().__init__()
        self.came: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.came.append(message)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def declare(home: Path, name: str, **settings: Any) -> Path:
    path = home / "notify" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(settings))
    return path


def fail(instance: dg.DagsterInstance, **tags: str) -> str:
    @dg.asset
    def broken() -> None:
        raise ValueError("the disk of the notes is full")

    return dg.materialize([broken], instance=instance, raise_on_error=False, tags=tags).run_id


@contextmanager
def post_office(security: str) -> Iterator[tuple[Mails, int]]:
    """An SMTP server for localhost, whose certificate only our own authority vouches for."""
    mails, context = Mails(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ways: dict[str, dict[str, Any]] = {
        "tls": {"ssl_context": context},
        "starttls": {"tls_context": context, "require_starttls": True},
        "none": {},
    }
    server = Controller(mails, hostname="127.0.0.1", port=port, **ways[security])
    server.start()
    try:
        yield mails, port
    finally:
        server.stop()


class Looks:
    """The sensor as the daemon runs it: it has its cursor from the look before."""

    def __init__(self, home: Path, instance: dg.DagsterInstance) -> None:
        self._home = HomeResource(path=str(home))
        self._instance = instance
        self._cursor: str | None = None

    def look(self) -> str:
        with dg.build_sensor_context(
            instance=self._instance, cursor=self._cursor, resources={"home": self._home}
        ) as context:
            said = failure_sensor()(context)
            self._cursor = context.cursor
        assert isinstance(said, dg.SkipReason)
        return str(said.skip_message)


def test_a_webhook_hears_of_each_failure_once_signed(
    home: Path, instance: dg.DagsterInstance, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_KEY", SECRET)
    monkeypatch.setenv("DATAQ_UI_URL", "http://127.0.0.1:3000/")
    fail(instance)  # before there was a channel
    declare(home, "ops", channel="webhook", url=receiver.url, secret="env:NOTIFY_KEY")
    looks = Looks(home, instance)
    looks.look()
    assert receiver.came == []

    run = fail(instance, **{"dataq/source": "notes", "dataq/origin": "schedule"})
    fail(instance, **{"dagster/will_retry": "true"})
    looks.look()
    looks.look()
    ((headers, body),) = receiver.came
    told = Webhook(SECRET).verify(body, {k.lower(): v for k, v in headers.items()})
    assert (told["type"], told["run_id"], told["source"]) == ("run.failed", run, "notes")
    assert told["reason"] == "broken: ValueError: the disk of the notes is full"
    assert told["origin"] == "schedule"
    assert told["link"] == f"http://127.0.0.1:3000/runs/{run}"


@pytest.mark.parametrize("status", [302, 500])
def test_what_was_not_taken_is_sent_again_and_holds_up_no_other_channel(
    home: Path, instance: dg.DagsterInstance, receiver: Receiver, status: int
) -> None:
    other = Receiver()
    try:
        declare(home, "bad", channel="webhook", url=receiver.url)
        declare(home, "good", channel="webhook", url=other.url)
        looks = Looks(home, instance)
        looks.look()
        receiver.status = status
        runs = [fail(instance), fail(instance)]
        assert "bad: 127.0.0.1" in looks.look()
        assert "tried again" in looks.look()
        assert [json.loads(body)["run_id"] for _, body in other.came] == runs
        receiver.status = 200
        looks.look()
        assert [json.loads(body)["run_id"] for _, body in receiver.came[-2:]] == runs
    finally:
        other.close()


def test_a_mail_says_what_failed_and_only_of_the_sources_that_are_asked_for(
    home: Path, instance: dg.DagsterInstance
) -> None:
    with post_office("none") as (mails, port):
        declare(
            home, "desk", channel="mail", host="127.0.0.1", port=port, security="none",
            sender="dataq@example.org", to=["a@example.org", "b@example.org"], sources=["notes"],
        )  # fmt: skip
        looks = Looks(home, instance)
        looks.look()
        run = fail(instance, **{"dataq/source": "notes"})
        fail(instance, **{"dataq/source": "letters"})
        assert looks.look() == "1 channels know of all failures"
    (mail,) = mails.came
    assert mail["X-RcptTo"] == "a@example.org, b@example.org"
    assert mail["Subject"] == f"DataQ: run {run[:8]} of notes failed"
    assert mail["Message-ID"] == f"<{run}@dataq>"
    assert "the disk of the notes is full" in mail.get_payload(decode=True).decode()


def test_a_server_that_is_away_is_tried_again(home: Path, instance: dg.DagsterInstance) -> None:
    declare(
        home, "desk", channel="mail", host="127.0.0.1", port=1, security="none",
        sender="dataq@example.org", to=["a@example.org"],
    )  # fmt: skip
    looks = Looks(home, instance)
    looks.look()
    fail(instance)
    assert "desk: 127.0.0.1" in looks.look()
    assert "desk: 127.0.0.1" in looks.look()


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("host", "trusted", "refusal"),
    [
        ("localhost", True, ""),
        ("localhost", False, "its certificate is refused: "),
        ("127.0.0.1", True, "its certificate is refused: IP address mismatch"),
    ],
)
def test_mail_goes_over_tls_and_only_to_whom_the_certificate_names(
    home: Path,
    instance: dg.DagsterInstance,
    security: str,
    host: str,
    trusted: bool,
    refusal: str,
) -> None:
    with post_office(security) as (mails, port):
        more = {"certificates": str(CERTIFICATES / "authority.pem")} if trusted else {}
        declare(
            home, "desk", channel="mail", host=host, port=port, security=security,
            sender="dataq@example.org", to=["a@example.org"], **more,
        )  # fmt: skip
        looks = Looks(home, instance)
        looks.look()
        run = fail(instance)
        told = looks.look()
    assert [mail["Message-ID"] for mail in mails.came] == ([] if refusal else [f"<{run}@dataq>"])
    assert (f"desk: {host}: {refusal}" if refusal else "1 channels know of all failures") in told


def test_a_server_without_tls_gets_no_mail(home: Path, instance: dg.DagsterInstance) -> None:
    with post_office("none") as (mails, port):
        declare(
            home, "desk", channel="mail", host="127.0.0.1", port=port,
            sender="dataq@example.org", to=["a@example.org"],
        )  # fmt: skip
        looks = Looks(home, instance)
        looks.look()
        fail(instance)
        assert "STARTTLS extension not supported by server" in looks.look()
    assert mails.came == []


def test_failures_of_other_code_locations_are_told_too(
    home: Path, instance: dg.DagsterInstance, receiver: Receiver
) -> None:
    """The marts are a location of their own, and this sensor runs in the main one."""
    declare(home, "ops", channel="webhook", url=receiver.url)
    looks = Looks(home, instance)
    looks.look()
    origin = RemoteJobOrigin(
        RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("marts"), "__repository__"),
        "marts",
    )
    run = dg.DagsterRun("marts", remote_job_origin=origin, status=dg.DagsterRunStatus.STARTED)
    instance.add_run(run)
    instance.report_run_failed(run, "dbt could not be built")
    looks.look()
    ((_, body),) = receiver.came
    assert (json.loads(body)["run_id"], json.loads(body)["job"]) == (run.run_id, "marts")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"channel": "pigeon"}, "channel: must be one of mail, webhook"),
        ({"channel": "webhook", "url": "file:///etc/passwd"}, "url: write a URL"),
        ({"channel": "webhook", "url": "http://x", "secret": "abc"}, "secret: refer to"),
        ({"channel": "mail", "host": "x", "sender": "y", "to": []}, "to: Tuple should have"),
    ],
)
def test_mistakes_in_a_channel_are_named(home: Path, settings: dict[str, Any], reason: str) -> None:
    path = declare(home, "ops", **settings)
    with pytest.raises(FixChannel, match=f"{path}:1: ") as caught:
        read_channel(path)
    assert reason in str(caught.value)


def test_the_sensor_runs_by_itself() -> None:
    from dataq_assets.definitions import build

    assert failure_sensor().default_status is dg.DefaultSensorStatus.RUNNING
    assert "failures" in {each.name for each in build(Home(Path("/nowhere"))).sensors or ()}
