"""Which files file_scanner takes: patterns, .gitignore files, hidden files, DataQ's own home."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_plugins.errors import ConfigError
from dataq_plugins.sources.file_scanner.plugin import FileScanner
from dataq_plugins.sources.file_scanner.selection import Selection
from dataq_plugins.sources.file_scanner.settings import Settings
from tests.plugins.scanned import scanned, write

TREE = dict.fromkeys(
    ["a.md", "a.tmp", "keep.tmp", "docs/b.md", "docs/x/c.txt", "build/d.md", ".git/config", ".env"],
    "x",
)


def taken(root: Path, **settings: object) -> set[str]:
    with scanned(root, **settings) as source:
        source.extract()
        return set(source.files)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, set(TREE) - {".git/config"}),
        ({"exclude": []}, set(TREE)),
        ({"hidden": False, "exclude": []}, set(TREE) - {".git/config", ".env"}),
        ({"exclude": ["*.tmp", "!keep.tmp"]}, set(TREE) - {"a.tmp"}),
        ({"exclude": ["build/", ".*"]}, set(TREE) - {"build/d.md", ".git/config", ".env"}),
        ({"include": ["*.md"]}, {"a.md", "docs/b.md", "build/d.md"}),
        ({"include": ["/docs/"]}, {"docs/b.md", "docs/x/c.txt"}),
        ({"include": ["*.md", "!/a.md"], "exclude": ["build"]}, {"docs/b.md"}),
        ({"include": ["docs/**/c.*"]}, {"docs/x/c.txt"}),
        ({"include": "*.tmp"}, {"a.tmp", "keep.tmp"}),
    ],
)
def test_patterns(tmp_path: Path, settings: dict[str, object], expected: set[str]) -> None:
    write(tmp_path, TREE)
    assert taken(tmp_path, **settings) == expected


def test_what_lies_in_an_excluded_folder_cannot_come_back(tmp_path: Path) -> None:
    # As in git: "It is not possible to re-include a file if a parent directory is excluded."
    write(tmp_path, {"out/keep.txt": "x", "in.txt": "x"})
    assert taken(tmp_path, exclude=["out/", "!out/keep.txt"]) == {"in.txt"}


def test_excluding_a_file_that_was_sent_does_not_delete_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.tmp": "a", "b.txt": "b"})
    with scanned(tmp_path) as source:
        source.extract()
        source.settle()
        state = source.state
    with scanned(tmp_path, exclude=["*.tmp"]) as source:
        source.state = state
        assert source.windows() == []
        assert source.extract() == []
    with scanned(tmp_path) as source:
        source.state = state
        (tmp_path / "a.tmp").unlink()
        assert [(item.source_id, item.op) for item in source.sync()] == [("a.tmp", "delete")]


# ASCII only: git's "?" matches a byte, ours a character.
NAMES = st.sampled_from(["a", "b.txt", "b.md", "x", "out", "B.txt"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PARTS = st.sampled_from(["a", "*", "*.txt", "b.*", "x", "out", "**", "?", "[ab].md"])
LINES = st.builds(
    lambda bang, lead, parts, tail: f"{bang}{lead}{'/'.join(parts)}{tail}",
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(PARTS, min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
)


@pytest.mark.skipif(
    shutil.which("git") is None, reason="git is the judge here and is not installed"
)
@given(paths=st.sets(PATHS, max_size=8), lines=st.lists(LINES, max_size=4))
def test_gitignore_files_mean_what_git_says(
    tmp_path_factory: pytest.TempPathFactory, paths: set[str], lines: list[str]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    subprocess.run(["git", "init", "-q", root], check=True)
    files = {path for path in paths if not any(other.startswith(path + "/") for other in paths)}
    write(root, {**dict.fromkeys(files, "x"), ".gitignore": "\n".join(lines)})
    command = ["git", "-C", root, "ls-files", "-z", "--others", "--exclude-standard"]
    # Without this person's own excludes.
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"}
    listed = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
    assert wanted_below(root) == set(filter(None, listed.decode().split("\0")))


def wanted_below(root: Path) -> set[str]:
    plugin = FileScanner(Settings([str(root)], gitignore=True))
    with plugin.walk() as walk:
        return {entry.id for folder in walk.folders() for entry in folder.entries}


def test_gitignore_files_through_the_plugin(tmp_path: Path) -> None:
    files = {
        ".gitignore": "*.log\n/build/\n",
        "a.log": "x",
        "a.txt": "x",
        "build/b.txt": "x",
        "deep/.gitignore": "!a.log\n[\n*.txt\n",
        "deep/a.log": "x",
        "deep/b.txt": "x",
        "deep/build/c.bin": "x",
        ".git/config": "x",
    }
    write(tmp_path, files)
    expected = {".gitignore", "a.txt", "deep/.gitignore", "deep/a.log", "deep/build/c.bin"}
    assert taken(tmp_path, gitignore=True, exclude=[]) == expected


@pytest.mark.parametrize("lines", [[".git/", ".hg/"], [".git", ".hg"], ["/.git/", "x/../y"]])
def test_plain_folder_names_mean_what_the_patterns_mean(lines: list[str]) -> None:
    selection = Selection(exclude=lines)
    assert not selection.wants_folder(".git", ".git")
    assert selection.wants_folder("git", "git")
    assert selection.wants_file("a.git", "a.git")


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with DATAQ_HOME in it, and in that a lake and a token."""
    home = tmp_path / "root" / "dataq"
    write(home, {"tokens/gmail.json": "secret", "lake/raw/part.parquet": "rows"})
    write(tmp_path / "root", {"a.txt": "a"})
    monkeypatch.setenv("DATAQ_HOME", str(home))
    return tmp_path / "root"


def test_dataq_home_is_never_archived(guarded: Path) -> None:
    assert taken(guarded) == {"a.txt"}


@pytest.mark.parametrize(
    "to", ["dataq", "dataq/tokens", "dataq/tokens/gmail.json", "dataq/lake/raw"]
)
def test_no_link_leads_into_dataq_home(guarded: Path, to: str) -> None:
    (guarded / "link").symlink_to(guarded / to)
    assert taken(guarded, symlinks="follow") == {"a.txt"}


def test_a_hard_link_to_a_token_is_not_archived(guarded: Path) -> None:
    os.link(guarded / "dataq/tokens/gmail.json", guarded / "harmless.json")
    os.link(guarded / "a.txt", guarded / "b.txt")
    assert taken(guarded) == {"a.txt", "b.txt"}


def test_a_lake_that_lies_elsewhere_is_not_archived(guarded: Path) -> None:
    (guarded / "dataq/lake").rename(guarded / "big-disk")
    (guarded / "dataq/lake").symlink_to(guarded / "big-disk")
    assert taken(guarded) == {"a.txt"}


@pytest.mark.parametrize("below", ["dataq", "dataq/lake", "link"])
def test_a_root_in_dataq_home_is_refused(guarded: Path, below: str) -> None:
    (guarded / "link").symlink_to(guarded / "dataq/tokens")
    with scanned(guarded / below) as source, pytest.raises(ConfigError, match="own home"):
        source.process.configure()
    with scanned(guarded / below) as source, pytest.raises(ConfigError, match="own home"):
        source.extract()
