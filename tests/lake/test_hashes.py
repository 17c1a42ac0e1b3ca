"""Hashes of columns: by file, read once, and not kept for ever."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from dataq_lake.errors import ContentLost
from dataq_lake.hashes import KeptHashes, hash64
from dataq_lake.lake import Lake, open_lake
from dataq_lake.location import Location
from dataq_lake.numbered import ROW, values_of
from tests.lake.conftest import Rows


def test_rows_are_numbered_and_null_is_null(lake: Lake, rows: Rows) -> None:
    for letter in "ab":
        ids = [f"{letter}{number}" for number in range(3)]
        lake.table("texts").append([rows("texts", ids, title=None if letter == "a" else letter)])
    numbered = lake.table("texts").numbered()
    found = numbered.hashes(["id", "title"])
    ids = numbered.scan(["id"]).collect()["id"].to_list()
    assert found[ROW].to_list() == list(range(6))
    assert found["id"].to_list() == [hash64(id_) for id_ in ids]
    assert found["title"].to_list() == [None if id_[0] == "a" else hash64("b") for id_ in ids]
    asked = pl.Series([5, 0, 5], dtype=pl.UInt32)
    assert values_of(numbered, asked, "id").to_list() == [ids[5], ids[0], ids[5]]


def test_nothing_has_no_hashes(lake: Lake) -> None:
    numbered = lake.table("texts").numbered()
    assert numbered.hashes(["id", "title"]).shape == (0, 3)
    assert values_of(numbered, pl.Series([], dtype=pl.UInt32), "id").to_list() == []


class Reader:
    """Reads files of one number a line, and notes which."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, files: Sequence[Location]) -> list[pl.DataFrame]:
        self.read += [file.name for file in files]
        lines = [[int(line) for line in file.read_bytes().split()] for file in files]
        return [pl.DataFrame({"n": pl.Series(each, dtype=pl.UInt64)}) for each in lines]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Of three rows each."""
    for name in "abc":
        (tmp_path / name).write_text("1 2 3")
    return [tmp_path / name for name in "abc"]


def test_a_file_is_read_once(files: list[Path]) -> None:
    kept, reader = KeptHashes(), Reader()
    assert kept.of(files[:2], ["n"], reader)["n"].to_list() == [1, 2, 3] * 2
    assert kept.of(files, ["n"], reader)["n"].to_list() == [1, 2, 3] * 3
    assert reader.read == ["a", "b", "c"]


def test_another_file_in_its_place_is_read_again(files: list[Path]) -> None:
    kept, reader = KeptHashes(), Reader()
    kept.of(files, ["n"], reader)
    files[1].write_text("4 5 6")
    os.utime(files[1], ns=(1, 1))
    assert kept.of(files, ["n"], reader)["n"].to_list() == [1, 2, 3, 4, 5, 6, 1, 2, 3]
    assert reader.read == ["a", "b", "c", "b"]


def test_no_more_are_kept_than_may_be(files: list[Path]) -> None:
    kept, reader = KeptHashes(most=6), Reader()
    for number in (0, 1, 0, 2, 0, 1):
        assert kept.of([files[number]], ["n"], reader).height == 3
    assert reader.read == ["a", "b", "c", "b"]  # b was asked for longest ago when c came
    assert kept.of(files, ["n"], reader).height == 9  # more than are kept at once


def test_a_file_that_is_gone_is_missed_though_its_hashes_were_kept(
    tmp_path: Path, rows: Rows
) -> None:
    table = open_lake(tmp_path / "lake").table("texts")
    table.append([rows("texts", ["a", "b"])])
    numbered = table.numbered()
    numbered.hashes(["id"])
    for file in table.files():
        file.unlink()
    with pytest.raises(ContentLost, match=table.files()[0].name):
        numbered.hashes(["id"])
