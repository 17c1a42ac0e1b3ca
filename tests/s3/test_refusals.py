"""What a person reads when the store refuses: one line, what to do, and no secret."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from dataq_lake.errors import StoreRefuses
from dataq_lake.objects.path import ObjectPath
from dataq_lake.objects.refusals import explained, redacted
from tests.s3.machine import Machine
from tests.s3.seaweed import Seaweed

ENDPOINT, SECRET = "AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY"


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({SECRET: "not the right one"}, "the secret does not fit the key: check AWS_SECRET"),
        ({"AWS_ACCESS_KEY_ID": "unknown"}, "it knows no such key: check AWS_ACCESS_KEY_ID"),
        ({"DATAQ_LAKE": "s3://nobodys-bucket/lake"}, "there is no such bucket: make it"),
        ({"AWS_ALLOW_HTTP": "false"}, "its address is http: set AWS_ALLOW_HTTP=true"),
        ({ENDPOINT: "nobody", "DATAQ_LAKE_SECONDS": "1"}, "the store does not answer"),
        ({"DATAQ_LAKE": "ftp://x/lake"}, "is no place for a lake: use a path, s3://bucket"),
    ],
)
def test_a_refusal_is_one_line(
    seaweed: Seaweed, tmp_path: Path, settings: dict[str, str], says: str
) -> None:
    given = {**seaweed.environment(), **settings}
    if given[ENDPOINT] == "nobody":
        given[ENDPOINT] = f"http://127.0.0.1:{free_port()}"
    machine = Machine(tmp_path / "home", "s3://lakes/refused", given)
    code, out, err = machine.told("sql", "select 1 from raw")
    assert (code, out) == (1, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert given[SECRET] not in err


def test_a_run_is_refused_as_clearly(seaweed: Seaweed, tmp_path: Path) -> None:
    settings = {**seaweed.environment(), SECRET: "not the right one"}
    machine = Machine(tmp_path / "home", "s3://lakes/refused", settings)
    (tmp_path / "source").mkdir()
    machine.source("s", tmp_path / "source")
    code, _, err = machine.told("run")
    assert code == 1
    assert "the secret does not fit the key" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<Code>RequestTimeTooSkewed</Code>", "set this machine's clock"),
        ("403 Forbidden: <Code>AccessDenied</Code>", "this key may not do that here"),
        ("Error performing PUT http://169.254.169.254/latest/api/token", "no credentials: set AWS"),
        ("<Code>ExpiredToken</Code>", "renew AWS_SESSION_TOKEN"),
        ("501 Not Implemented", "does not know conditional puts"),
    ],
)
def test_what_cannot_be_had_here_is_told_by_its_answer(text: str, says: str) -> None:
    error = explained(ObjectPath.parse("s3://lakes/x"), f"Generic S3 error: {text}")
    assert isinstance(error, StoreRefuses)
    assert says in str(error)


def test_secrets_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "abcdef012345")
    told = redacted("PUT https://me:word@host/x?sig=abcdef012345")
    assert "abcdef012345" not in told
    assert "word" not in told
