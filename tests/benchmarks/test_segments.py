"""The passages that search is measured with are real, distinct, and always the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import passages, segments


def test_a_file_is_cut_at_paragraphs_and_long_ones_at_lines(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    short, line = "Some few words of this.", "Seven words that stand in a line."
    table = "1 2 3 4 5 6 7 8 9 0 " * 20
    page.write_text("\n\n".join([short] * 15 + ["\n".join([line] * 60), table, "x" * 5_000]))
    title, texts = passages.read(passages.File(str(page), "here/page.md"))
    assert title == "Some few words of this."
    assert texts[0] == "\n\n".join([short] * 9)
    assert all(passages.LEAST <= len(text) <= passages.MOST for text in texts)
    assert sum(text.count(line) for text in texts) >= 55
    assert not any("1 2 3" in text or "xxx" in text for text in texts)


def test_what_is_no_text_has_no_passages(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_bytes(b"\xff\xfe" * 500)
    assert passages.read(passages.File(str(page), "page.txt")) == ("", [])
    gone = passages.File(str(tmp_path / "gone.txt"), "gone.txt")
    assert passages.read(gone) == ("", [])


def test_files_are_found_once_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b/two.py", "a/one.rst", "a/small.txt", "a/other.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("word " * (10 if "small" in name else 100))
    (tmp_path / "a" / "linked.py").symlink_to(tmp_path / "b" / "two.py")
    monkeypatch.setattr(passages, "_places", lambda: {"here": tmp_path, "again": tmp_path})
    assert [file.path for file in passages.files()] == ["here/a/linked.py", "here/a/one.rst"]


def test_sources_have_their_shares_and_keep_folders_together() -> None:
    paths = [f"{number // 100}/{number}.txt" for number in range(10_000)]
    sources = segments._sources(paths)
    counted = {name: sources.count(name) for name in set(sources)}
    assert counted == {"tenth": 1_000, "hundredth": 100, "trace": 1, "rest": 8_899}
    whole = sum(len(set(sources[start : start + 100])) == 1 for start in range(0, 10_000, 100))
    assert whole >= 97
