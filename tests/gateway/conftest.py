"""An empty lake, and the command line on it."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from dataq_gateway import cli
from dataq_lake.lake import Lake, open_lake
from tests.gateway.rows import Command, Told


@pytest.fixture
def dataq(home: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`dataq WORDS…` on this test's home, in this process; `stdin` and `cwd` are optional."""

    def run(*words: object, stdin: str = "", cwd: Path | None = None) -> Told:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        with chdir(cwd or Path.cwd()), redirect_stdout(out), redirect_stderr(err):
            code = cli.run([str(word) for word in words])
        for stream in (out, err):
            stream.flush()
        raw = out.buffer.getvalue()  # type: ignore[attr-defined]
        told = err.buffer.getvalue().decode()  # type: ignore[attr-defined]
        return Told(code, raw.decode(errors="replace"), told, raw)

    return run


@pytest.fixture
def lake(home: Path) -> Lake:
    """The lake of this test's home, empty."""
    (home / "lake").mkdir()
    return open_lake(home / "lake")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Lets Ctrl-C reach child processes: to those of a shell's background job it does not come."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
