"""Progress of long work: lines where there is no terminal, bars where there is one."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest

from dataq_gateway import progress
from dataq_resources.progress import Progress


def test_lines_come_now_and_then_and_at_the_end() -> None:
    told: list[str] = []
    clock = iter([0.0, 1.0, 6.0, 8.0, 20.0])
    lines = progress.Lines(told.append, lambda: next(clock))
    for done in (0, 100, 600, 800):
        lines(Progress("texts", done, 1000, "rows"))
    assert told == ["texts: 600 rows of 1,000 rows, 60%, 100 rows/s, 4 s left"]
    lines.finish()
    assert told[1:] == ["texts: 800 rows of 1,000 rows, 80%, 40 rows/s, 5 s left"]


def test_sources_are_told_apart_and_bytes_are_readable() -> None:
    told: list[str] = []
    clock = iter([0.0, 0.0, 2.0])
    lines = progress.Lines(told.append, lambda: next(clock))
    lines(Progress("raw", 4_000_000, None, "bytes", "mail"))
    lines(Progress("raw", 7, None, "items", "notes"))
    lines.finish()
    assert told == ["mail: raw: 4.0 MB, 2.0 MB/s", "notes: raw: 7 items, 4 items/s"]


def test_quiet_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with progress.shown(quiet=True) as listener:
        assert listener is None
    assert capfd.readouterr() == ("", "")


def test_without_a_terminal_lines_go_to_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.shown() as listener:
        assert listener is not None
        listener(Progress("texts", 3))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("texts: 3 rows")


SHOW = """
from dataq_gateway.progress import shown
from dataq_resources.progress import Progress
with shown() as listener:
    for done in range(50):
        listener(Progress("embeddings", done, 50, "rows", "mail"))
"""


def test_a_terminal_gets_bars() -> None:
    ours, theirs = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", SHOW], stderr=theirs, stdout=theirs)
    os.close(theirs)
    printed = io.BytesIO()
    while True:
        try:
            printed.write(os.read(ours, 65536))
        except OSError:
            break
    os.close(ours)
    assert child.wait(30) == 0
    assert "mail: embeddings" in printed.getvalue().decode()
