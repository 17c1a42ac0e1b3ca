"""A file that goes while it is read, by a clean-up or lost: table, version and remedy are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from dataq_assets.stages.deep_check import look
from dataq_gateway.cli import explain
from dataq_lake import sql
from dataq_lake.ancestry import ancestry
from dataq_lake.cleaning import RETENTION, vacuum
from dataq_lake.comparing import compare
from dataq_lake.ducklake.catalogue import close_catalogues
from dataq_lake.errors import REPAIR, ContentLost, LakeError, VersionGone
from dataq_lake.held_files import HeldFiles
from dataq_lake.lake import Lake, open_lake
from tests.lake.conftest import Rows

NONE = timedelta(0)
LATER = datetime.now(UTC) + 2 * RETENTION
FILES, ROWS = 4, 200
WIDE = "x" * 4000
pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.engines("delta", "encrypted", "postgres", heavy=("encrypted", "postgres")),
]
Read = Callable[[Lake], Iterator[Any]]
Take = Callable[[Lake], object]


def named(file: int, row: int) -> str:
    return f"{file:02x}{row:030x}"


@pytest.fixture
def lake(lake: Lake, rows: Rows) -> Lake:
    """Rows in many files."""
    handle = lake.table("quarantine")
    for number in range(FILES):
        ids = [named(number, row) for row in range(ROWS)]
        handle.append([rows("quarantine", ids, reason=f"{number}{WIDE}", state="open")])
    return lake


def cleaned_up(lake: Lake) -> None:
    """Another process puts other rows in the place of these, and vacuums by force."""
    other = open_lake(lake.root).table("quarantine")
    other.clear()
    assert vacuum(other, NONE, NONE, LATER).files >= FILES


def lost(lake: Lake) -> None:
    """A hand, or a disk, takes the files of the newest version but the first."""
    for file in open_lake(lake.root).table("quarantine").files()[1:]:
        file.unlink()


def told(version: int | None, take: Take) -> tuple[type[LakeError], str]:
    if take is lost:
        return ContentLost, rf"of table quarantine .* its newest version, {version}, but is gone: "
    return VersionGone, rf"^version {version} of table quarantine was cleaned up .*: ask again, or "


def by_batches(lake: Lake) -> Iterator[Any]:
    yield from lake.table("quarantine").batches(["id", "reason"])


def by_ids(lake: Lake) -> Iterator[Any]:
    ids = [named(number, row) for number in range(FILES) for row in range(0, ROWS, 3)]
    yield from lake.table("quarantine").rows(ids, ["id", "reason"])


@pytest.mark.engines("delta")
@pytest.mark.parametrize("take", [cleaned_up, lost])
@pytest.mark.parametrize("read", [by_batches, by_ids])
def test_a_stream_of_rows_ends_in_one_clear_error(lake: Lake, read: Read, take: Take) -> None:
    version = lake.table("quarantine").version()
    stream = read(lake)
    next(stream)
    take(lake)
    error, text = told(version, take)
    with pytest.raises(error, match=text) as refused:
        list(stream)
    assert (REPAIR in str(refused.value)) == (take is lost)


@pytest.mark.engines("delta")
@pytest.mark.local("a store is asked for the same files")
def test_an_answer_that_is_being_fetched(
    tmp_path: Path, engine: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB makes some 100,000 rows ahead, so there are more; and one thread opens the files."""
    opened = sql._opened

    def one_by_one() -> duckdb.DuckDBPyConnection:
        connection = opened()
        connection.execute("set threads = 1")
        return connection

    monkeypatch.setattr(sql, "_opened", one_by_one)
    lake = open_lake(tmp_path / "many")
    for number in range(12):
        ids = [named(number, row) for row in range(20_000)]
        lake.table("items").append([rows("items", ids)])
    answer = lake.sql("select item_id from items").to_arrow_reader(10)
    assert answer.read_next_batch().num_rows == 10
    for file in lake.table("items").files()[1:]:
        file.unlink()
    with pytest.raises(
        ContentLost, match="of table items cannot be read: it belongs to its newest"
    ):
        answer.read_all()


def meanwhile(lake: Lake, take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has `take` happen once a frame has looked at its files, and before Polars reads them."""
    looked, done = HeldFiles.__call__, []

    def then_taken(held: HeldFiles, frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
        found = looked(held, frame, schema)
        if not done:
            done.append(1)
            take(lake)
        return found

    monkeypatch.setattr(HeldFiles, "__call__", then_taken)


@pytest.mark.parametrize("take", [cleaned_up, lost])
@pytest.mark.parametrize("engine_of_polars", ["in-memory", "streaming"])
def test_a_frame_that_is_being_read(
    lake: Lake, take: Take, engine_of_polars: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the block that is there for it, and on the command line without any."""
    handle = lake.table("quarantine")
    version, frame = handle.version(), handle.scan(["id", "reason"])
    meanwhile(lake, take, monkeypatch)
    error, text = told(version, take)
    with pytest.raises(error, match=text) as refused, lake.reading():
        frame.collect(engine=engine_of_polars)
    assert "\n" not in explain(refused.value)


def once_known(lake: Lake, take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has `take` happen once somebody has read which files the table has."""
    handle = type(lake.table("quarantine"))
    real, done = handle.snapshot, []

    def snapshot(self: Any, *args: Any, **more: Any) -> Any:
        found = real(self, *args, **more)
        if self.name == "quarantine" and found is not None and not done:
            done.append(1)
            take(lake)
        return found

    monkeypatch.setattr(handle, "snapshot", snapshot)


def sql_at_once(lake: Lake) -> object:
    return lake.sql("select max(reason) from quarantine").fetchall()


def shown(lake: Lake) -> object:
    return ancestry(lake, named(FILES - 1, 0))


def count_by_hand(lake: Lake) -> object:
    return open_lake(lake.root).sql("select count(reason) from quarantine").pl()


@pytest.mark.parametrize("take", [cleaned_up, lost])
@pytest.mark.parametrize("ask", [sql_at_once, shown, count_by_hand])
def test_what_is_asked_of_a_version_that_goes(
    lake: Lake, ask: Take, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = open_lake(lake.root)
    version = lake.table("quarantine").version()
    once_known(lake, take, monkeypatch)
    error, text = told(version, take)
    with pytest.raises(error, match=text):
        ask(lake)


def test_a_comparison_of_a_state_that_goes(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = lake.table("quarantine").history()[0].time
    lake.table("quarantine").clear()
    old = lake.at(then)
    assert compare(old, lake).tables["quarantine"].removed == FILES * ROWS
    assert vacuum(open_lake(lake.root).table("quarantine"), NONE, NONE, LATER).files
    with pytest.raises(VersionGone, match="of table quarantine was cleaned up"):
        compare(old, lake)


def test_a_write_that_has_to_read_what_is_lost(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To leave out what is there, or to take away what is gone; nothing is committed."""
    monkeypatch.setenv("DATAQ_LAKE_SECONDS", "2")
    close_catalogues()  # DuckDB asks a store again for as long as that, also for what it denies
    handle = lake.table("quarantine")
    version = handle.version()
    lost(lake)
    fresh = open_lake(lake.root).table("quarantine")
    error, text = told(version, lost)
    with pytest.raises(error, match=text):
        fresh.insert_new([rows("quarantine", ["new", named(FILES - 1, 0)])])
    assert fresh.version() == version


def test_a_clean_up_under_a_deep_look_is_no_damage(lake: Lake) -> None:
    """Files that no longer count when they are missed are not damage, which would be mended."""
    done: list[str] = []

    def tell(stage: str, *_: int) -> None:
        if not done:
            done.append(stage)
            cleaned_up(lake)

    assert list(look(open_lake(lake.root), tell)) == []
    assert done == ["tables_readable"]
