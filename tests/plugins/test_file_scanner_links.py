"""Symbolic links: left out, or followed inside the roots only, and never in a circle."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dataq_plugins.sources._folders.roots import open_beneath
from tests.plugins.scanned import scanned, write


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with a folder and a file, and a file outside of it."""
    write(tmp_path, {"root/real/a.txt": "a", "root/b.txt": "b", "outside/secret.txt": "s"})
    return tmp_path / "root"


def test_links_are_left_out_by_default(tree: Path) -> None:
    (tree / "file-link.txt").symlink_to("b.txt")
    (tree / "folder-link").symlink_to("real")
    with scanned(tree) as source:
        source.extract()
        assert set(source.files) == {"real/a.txt", "b.txt"}
        assert source.problems == {}


def test_file_takes_links_to_files_only(tree: Path) -> None:
    (tree / "real/up.txt").symlink_to("../b.txt")
    (tree / "again.txt").symlink_to("real/up.txt")
    (tree / "folder-link").symlink_to("real")
    with scanned(tree, symlinks="file") as source:
        source.extract()
        assert source.files == {
            "real/a.txt": b"a",
            "b.txt": b"b",
            "real/up.txt": b"b",
            "again.txt": b"b",
        }
        assert source.problems == {}
        source.settle()
        (tree / "b.txt").write_text("new")
        source.sync()
        assert source.files["again.txt"] == b"new"
        (tree / "again.txt").unlink()
        assert [(item.source_id, item.op) for item in source.sync()] == [("again.txt", "delete")]


def test_follow_takes_folders_too(tree: Path) -> None:
    (tree / "link").symlink_to("real")
    with scanned(tree, symlinks="follow") as source:
        source.extract()
        assert set(source.files) == {"b.txt", "link/a.txt", "real/a.txt"}


def test_circles_end(tree: Path) -> None:
    (tree / "real/up").symlink_to("..")
    (tree / "real/self").symlink_to(".")
    (tree / "other").mkdir()
    (tree / "other/to-real").symlink_to("../real")
    (tree / "real/to-other").symlink_to("../other")
    (tree / "ouroboros").symlink_to("ouroboros")
    with scanned(tree, symlinks="follow") as source:
        source.extract()
        assert {"real/a.txt", "b.txt", "other/to-real/a.txt"} <= set(source.files)
        assert len(source.files) < 10
        assert source.problems == {
            "ouroboros": "link_broken: the link leads to nothing, or in a circle"
        }


def test_many_links_to_each_other_stay_few(tmp_path: Path) -> None:
    # Followed without memory, 12 folders that link to each other have 12! paths.
    names = [f"d{number}" for number in range(12)]
    for name in names:
        write(tmp_path, {f"{name}/f.txt": name})
        for other in names:
            (tmp_path / name / f"to-{other}").symlink_to(f"../{other}")
    with scanned(tmp_path, symlinks="follow") as source:
        source.extract()
        assert {f"{name}/f.txt" for name in names} <= set(source.files)
        assert len(source.files) <= 2 * len(names)


@pytest.mark.parametrize("policy", ["file", "follow"])
def test_no_link_leads_out_of_the_roots(tree: Path, policy: str) -> None:
    (tree / "out.txt").symlink_to("../outside/secret.txt")
    (tree / "out").symlink_to(tree.parent / "outside")
    (tree / "broken.txt").symlink_to("nowhere")
    with scanned(tree, symlinks=policy) as source:
        source.extract()
        assert set(source.files) == {"real/a.txt", "b.txt"}
        assert {name: text.partition(":")[0] for name, text in source.problems.items()} == {
            "out.txt": "link_outside",
            "out": "link_outside",
            "broken.txt": "link_broken",
        }
        source.settle()
        assert source.extract() == []


def test_a_link_leads_from_one_root_into_another(tree: Path) -> None:
    (tree / "out.txt").symlink_to("../outside/secret.txt")
    with scanned(tree, tree.parent / "outside", symlinks="file") as source:
        source.extract()
        assert source.files["root/out.txt"] == b"s"


def test_a_root_may_be_a_link(tree: Path) -> None:
    (tree.parent / "link").symlink_to(tree)
    with scanned(tree.parent / "link") as source:
        source.extract()
        assert set(source.files) == {"real/a.txt", "b.txt"}


def test_no_link_is_followed_on_the_way_to_a_target(tree: Path) -> None:
    (tree / "swapped").symlink_to("../outside")
    root = os.open(tree, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
            open_beneath(root, "swapped/secret.txt", os.O_RDONLY)
        os.close(open_beneath(root, "real/a.txt", os.O_RDONLY))
    finally:
        os.close(root)
