"""The front door: finding commands, telling failures, starting fast."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dataq_gateway import cli
from dataq_gateway.errors import CommandFailed

DATAQ = [sys.executable, "-m", "dataq_gateway"]


def dataq(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DATAQ, *words], capture_output=True, text=True, env={**os.environ, **more}, timeout=60
    )


def test_help_lists_every_command() -> None:
    told = dataq("--help")
    assert told.returncode == 0
    folder = Path(cli.commands.__file__).parent
    for module in folder.glob("[!_]*.py"):
        assert f"\n  {module.stem.replace('_', '-')} " in told.stdout


def test_an_unknown_command_is_wrong_usage_in_one_line() -> None:
    told = dataq("serach")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("error: No such command 'serach'")
    assert told.stderr.count("\n") == 1


def test_a_failure_is_an_object_with_json() -> None:
    told = dataq("show", "abc", "--json", DATAQ_HOME="/nowhere/at/all")
    failure = json.loads(told.stderr)
    assert told.returncode == failure["exit_code"] == 1
    assert "no lake in /nowhere/at/all" in failure["error"]
    assert "dataq sources add" in failure["error"]


def test_an_unexpected_error_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setattr(cli.cli, "invoke", fail)
    monkeypatch.delenv("DATAQ_DEBUG", raising=False)
    assert cli.run(["status"]) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: unexpected ZeroDivisionError: a b:")
    assert "DATAQ_DEBUG=1" in line

    monkeypatch.setenv("DATAQ_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli.run(["status"])


def test_ctrl_c_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.cli, "invoke", interrupt)
    assert cli.run(["run"]) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_a_reader_that_leaves_early_is_no_failure() -> None:
    child = subprocess.Popen(
        [*DATAQ, "completion", "bash"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert child.wait(30) == 0
    assert child.stderr.read() == b""
    child.stderr.close()


def test_the_message_says_what_where_and_what_to_do() -> None:
    failure = CommandFailed("no source web", where="/tmp/sources", do="add it")
    assert str(failure) == "no source web (/tmp/sources): add it"


def test_help_is_quick() -> None:
    """It takes about 130 ms; counted in processor time, which other tests hardly disturb."""
    took = []
    for _ in range(5):
        before = processor_seconds()
        dataq("--help")
        took.append(processor_seconds() - before)
    assert min(took) < 0.6  # Dagster alone takes twice that


def processor_seconds() -> float:
    """What the children of this process have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    "name", ["search", "similar", "sql", "show", "cat", "status", "quarantine"]
)
def test_reading_commands_never_import_dagster(name: str, home: Path) -> None:
    """The whole command runs (and fails for want of a lake), then the modules are counted."""
    words = {"search": ["search", "x"], "sql": ["sql", "SELECT 1"], "show": ["show", "x"]}
    words |= {
        "similar": ["similar", "x"],
        "cat": ["cat", "x"],
        "status": ["status"],
        "quarantine": ["quarantine", "list"],
    }
    code = (
        "import sys; from dataq_gateway import cli; "
        f"cli.run({words[name]!r}); "
        "assert not [m for m in sys.modules if m.split('.')[0].startswith('dagster')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    told = dataq("completion", shell)
    assert told.returncode == 0
    assert "_DATAQ_COMPLETE" in told.stdout


def test_completion_knows_the_commands() -> None:
    told = dataq(_DATAQ_COMPLETE="bash_complete", COMP_WORDS="dataq sea", COMP_CWORD="1")
    assert told.stdout.split() == ["plain,search"]


@pytest.mark.usefixtures("interruptible")
def test_interrupting_a_real_process_leaves_no_traceback(home: Path) -> None:
    child = subprocess.Popen(
        [*DATAQ, "sql"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wait_until_reading(child.pid)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert (child.returncode, out, err) == (130, b"", b"error: interrupted\n")


def wait_until_reading(pid: int) -> None:
    """Until the process sleeps in a read of its standard input."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if Path(f"/proc/{pid}/wchan").read_text().endswith(("pipe_read", "anon_pipe_read")):
            return
    pytest.fail("the command never asked for its standard input")
