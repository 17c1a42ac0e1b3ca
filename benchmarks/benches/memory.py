"""The most memory that `dataq run` holds, with everything that it starts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.homes import dataq_run, make_home
from benchmarks.measure import Bar, Measure
from benchmarks.setting import Setting
from benchmarks.trees import files, words

GB = 10**9
BIG, TREE = 3 * GB, 2 * GB
MEAN = 82_000
"""Bytes of a file of trees.files: 50,000 in the median, with a long tail."""
PIECE = 8 << 20


def run(setting: Setting) -> list[Measure]:
    """Return the peak for one big binary file, one big text, and a tree."""
    big = setting.scaled(BIG, 50 * 10**6)
    return [
        _measure(setting, "a 3 GB file", lambda tree: _random(tree / "big.bin", big)),
        _measure(setting, "a 3 GB text", lambda tree: _text(tree / "big.log", big)),
        _measure(
            setting, "a 2 GB tree", lambda tree: files(tree, setting.scaled(TREE // MEAN, 100))
        ),
    ]


def _measure(setting: Setting, what: str, make: Callable[[Path], object]) -> Measure:
    with setting.folder("memory") as folder:
        (folder / "tree").mkdir()
        make(folder / "tree")
        home = make_home(folder / "home", folder / "tree")
        done = dataq_run(home, watch_memory=True)
        shutil.rmtree(home)
    return Measure(
        f"peak memory, {what}",
        done.peak_pss / GB,
        "GB",
        Bar(1.5, "most"),
        f"{done.peak_pss / GB:.2f} GB",
        "",
        (),
        "Proportional set size of the command and all its descendants, added up ten times a second "
        f"over {done.seconds:.0f} s.",
    )


def _random(path: Path, size: int) -> None:
    with path.open("wb") as file:
        while (left := size - file.tell()) > 0:
            file.write(os.urandom(min(PIECE, left)))


def _text(path: Path, size: int) -> None:
    body = " ".join(words(1 << 20)).encode()
    lines = b"\n".join(body[at : at + 120] for at in range(0, len(body), 120)) + b"\n"
    with path.open("wb") as file:
        number = 0
        while (left := size - file.tell()) > 0:
            number += 1
            file.write((b"%d\n" % number + lines)[:left])
