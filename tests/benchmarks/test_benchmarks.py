"""The benches compare fairly, read right, and make the same folders every time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report, trees
from benchmarks.__main__ import every_bench
from benchmarks.command import BenchFailed, run
from benchmarks.homes import count, make_home
from benchmarks.measure import Bar, Measure, paired
from benchmarks.setting import CHECKOUT, DRIVERS, REFERENCES, Setting


def measure(value: float, bar: Bar | None) -> Measure:
    return Measure("name", value, "×", bar, "1 s", "2 s", (value, value + 1), "A note.")


@pytest.mark.parametrize(
    ("value", "bar", "passed", "shown"),
    [
        (0.5, Bar(0.4, "least"), True, "≥ 0.40×"),
        (0.3, Bar(0.4, "least"), False, "≥ 0.40×"),
        (1.6, Bar(1.6, "most"), True, "≤ 1.60×"),
        (1.7, Bar(1.6, "most"), False, "≤ 1.60×"),
        (1.0, None, None, ""),
    ],
)
def test_a_bar_is_held_or_missed(
    value: float, bar: Bar | None, passed: bool | None, shown: str
) -> None:
    figure = measure(value, bar)
    assert figure.passed is passed
    assert figure.shown_bar() == shown
    assert (report.VERDICTS[passed] or "|") in report.table([figure])


def test_pairs_alternate() -> None:
    order: list[str] = []
    pairs = paired(3, lambda: order.append("ours") or 4.0, lambda: order.append("theirs") or 2.0)
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert pairs.ratios == (2.0, 2.0, 2.0)


MACHINE = {"cores": "2", "commit": "abc", "day": "2026-11-22", "load": "0.1 when it began"}


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of its own that the figures are written to."""
    page, figures = tmp_path / "benchmarks.md", tmp_path / "figures.json"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    figures.write_text("{}")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "FIGURES", figures)
    return page


def test_the_page_keeps_what_stands_around_the_figures(page: Path, tmp_path: Path) -> None:
    setting = Setting(tmp_path, tmp_path, scale=0.5)
    for _ in range(2):
        report.write_page([measure(0.5, None)], MACHINE, setting)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert text.count("0.50×") == 2  # the figure and its spread, once
    assert "old" not in text
    assert "- cores: 2" in text
    assert "Scale 0.5" in text


def test_figures_of_other_benches_stay_with_their_commit(page: Path, tmp_path: Path) -> None:
    setting = Setting(tmp_path, tmp_path)
    other = Measure("other", 3.0, "×", None, "1 s", "3 s")
    report.write_page([measure(0.5, None), other], MACHINE, setting)
    report.write_page([measure(0.7, None)], {**MACHINE, "commit": "def"}, setting)
    rows = [line for line in page.read_text().splitlines() if line.startswith("|")]
    shown = {line.split("|")[1].strip(): line for line in rows}
    assert "0.70×" in shown["name"] and "def" in shown["name"]
    assert "3.00×" in shown["other"] and "abc" in shown["other"]


def test_every_bench_says_what_it_measures() -> None:
    assert len(every_bench()) >= 7
    page = (CHECKOUT / "docs" / "benchmarks.md").read_text()
    assert report.BEGIN in page
    assert report.END in page
    for bench in every_bench().values():
        assert (bench.__doc__ or "").strip()


def test_folders_are_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        trees.files(tmp_path / name / "files", 30, 500)
        trees.pages(tmp_path / name / "pages", 3)

    def contents(name: str) -> dict[str, tuple[bytes, int]]:
        folder = tmp_path / name
        paths = (path for path in folder.rglob("*") if path.is_file())
        return {
            str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in paths
        }

    assert contents("one") == contents("two")
    assert len({content for content, _ in contents("one").values()}) == 33


def test_the_wire_and_its_reference_move_the_same_bytes() -> None:
    ours = run([sys.executable, DRIVERS / "wire_host.py", "20", "100000"]).json()
    reference = run([sys.executable, REFERENCES / "raw_pipe.py", "20", "100000"]).json()
    assert ours["bytes"] == reference["bytes"] == 2_000_000
    assert ours["cpu"] > 0


def test_the_references_do_the_work(tmp_path: Path) -> None:
    trees.files(tmp_path / "files", 10, 500)
    trees.pages(tmp_path / "pages", 3)
    out = tmp_path / "out.parquet"
    done = run([sys.executable, REFERENCES / "archive.py", tmp_path / "files", out])
    assert done.json()["rows"] == 10
    assert out.stat().st_size > 1000
    whole = run([sys.executable, REFERENCES / "whole_way.py", tmp_path / "pages", tmp_path / "out"])
    assert whole.json()["documents"] == 3
    assert whole.json()["segments"] > 30


def test_the_driver_archives_every_file(tmp_path: Path) -> None:
    trees.files(tmp_path / "files", 10, 500)
    home = make_home(tmp_path / "home", tmp_path / "files")
    done = run([sys.executable, DRIVERS / "archive_raw.py", home])
    assert done.json()["rows"] == 10
    assert count(home, "raw") == 10


def test_what_fails_is_no_figure() -> None:
    with pytest.raises(BenchFailed, match="exit 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_memory_of_children_counts() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    hold = "import time; held = b'x' * 200_000_000; time.sleep(0.5)"
    done = run([sys.executable, "-c", child, hold], watch_memory=True)
    assert 200e6 < done.peak_pss < 400e6


def test_the_command_lists_the_benches() -> None:
    argv = [sys.executable, "-m", "benchmarks", "--list"]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert "wire-small" in done.stdout
    assert json.dumps(done.stderr) == '""'
