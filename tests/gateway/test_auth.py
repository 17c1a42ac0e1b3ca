"""`dataq sources auth`: consent in a browser, a token that nobody else can read, and then mails."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.emulators.gmail import LABELS, Gmail, letters
from tests.gateway.rows import Command

USER = "ana@example.org"
# Dagster itself still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


@pytest.fixture
def gmail(gmail: Gmail) -> Gmail:
    """With a mailbox of twenty mails."""
    gmail.mailbox(USER).fill(letters(20))
    return gmail


@pytest.fixture
def source(gmail: Gmail, dataq: Command, home: Path) -> str:
    client = home / "client.json"
    client.write_text(json.dumps(gmail.client_secrets()))
    config = [f"account={USER}", f"client=file:{client}", f"endpoint={gmail.url()}"]
    words = [word for each in config for word in ("--config", each)]
    add = ["sources", "add", "post", "--plugin", "gmail", *words]
    assert dataq(*add, "--no-check").returncode == 0
    return "post"


def auth(home: Path, *words: str) -> subprocess.Popen[str]:
    """The command in a process of its own: it waits for the browser."""
    argv = [sys.executable, "-m", "dataq_gateway", "sources", "auth", "post", "--json", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, stdout=pipe, stderr=pipe, text=True)


def browse(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Do as a browser does with the address; what came of it, and the last line of the command."""
    assert process.stdout is not None
    address = json.loads(process.stdout.readline())["address"]
    with urllib.request.urlopen(address, timeout=10) as page:
        said = page.read().decode()
    out, error = process.communicate(timeout=20)
    return process.returncode, said, out + error


def test_consent_is_asked_once_and_then_mails_come(
    source: str, gmail: Gmail, dataq: Command, home: Path
) -> None:
    told = dataq("sources", "check", source)
    assert "--no-check" in told.stdout
    code, said, out = browse(auth(home))
    assert (code, "may read this mailbox" in said) == (0, True)
    token = Path(json.loads(out)["token"])
    assert token.is_relative_to(home / "tokens")
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert dataq("sources", "check", source).returncode == 0
    assert dataq("run", source).returncode == 0
    rows = json.loads(dataq("sql", "select count(*) n from messages", "--json").stdout)
    assert rows[0]["n"] == len([e for e in gmail.mailbox(USER).ids() if not hidden(gmail, e)])
    gmail.revoke(USER)
    told = dataq("sources", "check", source)
    assert told.returncode == 1
    assert "invalid_grant" in told.stdout
    assert json.loads(token.read_text())["refresh_token"] not in told.stdout + told.stderr


def hidden(gmail: Gmail, message: str) -> bool:
    return bool({"SPAM", "TRASH"} & set(gmail.mailbox(USER).state(message).get("labelIds", [])))


def test_consent_that_is_refused_or_not_enough_leaves_no_token(
    source: str, gmail: Gmail, home: Path
) -> None:
    gmail.consent("deny")
    code, said, out = browse(auth(home))
    assert (code, "not given" in said, "access_denied" in out) == (1, True, True)
    gmail.consent(granted=[LABELS])
    code, _, out = browse(auth(home))
    assert (code, "gmail.readonly" in out) == (1, True)
    assert not (home / "tokens").exists()


def test_strangers_at_the_port_do_not_disturb(source: str, gmail: Gmail, home: Path) -> None:
    process = auth(home)
    assert process.stdout is not None
    address = json.loads(process.stdout.readline())["address"]
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
    assert query["code_challenge_method"] == ["S256"]
    back = query["redirect_uri"][0]
    for path in ("favicon.ico", "?code=stolen", "?code=stolen&state=guessed"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(back + path, timeout=10)
    with urllib.request.urlopen(address, timeout=10):
        pass
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_nobody_comes(source: str, home: Path) -> None:
    process = auth(home, "--seconds", "0.2")
    _, error = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "nobody gave consent" in error


def test_a_source_that_needs_no_consent_says_so(dataq: Command, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    config = f"root={tmp_path / 'files'}"
    dataq("sources", "add", "notes", "--plugin", "file_scanner", "--config", config)
    told = dataq("sources", "auth", "notes")
    assert (told.returncode, "consent" in told.stderr) == (1, True)
    assert dataq("sources", "auth", "nothing").returncode == 1


def test_where_consent_makes_nothing_it_says_so(source: str, dataq: Command, home: Path) -> None:
    path = home / "sources" / source / "defs.yaml"
    before = path.read_text()
    for more, told in (("token: env:T", "by reference"), ("service_account: '{}'", "nobody")):
        path.write_text(before.replace("  config:\n", f"  config:\n    {more}\n"))
        said = dataq("sources", "auth", source)
        assert (said.returncode, told in said.stderr) == (1, True), said.stderr
