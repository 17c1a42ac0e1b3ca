"""SQL sees every table under its own name, now or as it was, and can do nothing but read."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from dataq_lake import sql
from dataq_lake.attaching import attach
from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall, LakeMissing, NotYet, UnknownTable
from dataq_lake.lake import Lake, open_lake
from dataq_lake.schemas import TABLES, declared
from tests.lake.ages import below
from tests.lake.conftest import Rows

ROOT = Path(__file__).resolve().parents[2]


def ask(lake: Lake, text: str, **options: Any) -> list[tuple[Any, ...]]:
    return sql.query(lake, text, **options).fetchall()


@pytest.fixture
def full(lake: Lake, rows: Rows) -> Lake:
    """Two sources, an asset with a text and two segments."""
    lake.raw("mail").append([rows("raw_mail", ["m1", "m2"], source="mail", metadata={"a": "1"})])
    lake.raw("files").append([rows("raw_files", ["f1"], source="files")])
    lake.table("assets").append([rows("assets", ["a1", "a2"], file_hash="h1")])
    lake.table("texts").append([rows("texts", ["t1"], content_hash="h1", text="Hello")])
    lake.table("segments").append([rows("segments", ["s1", "s2"], asset_id="a1", text="Hello")])
    lake.table("entities").append(
        [rows("entities", ["a1"], entity_type="asset", version=3, is_latest=True)]
    )
    return lake


def test_every_table_can_be_asked_before_anything_was_archived(lake: Lake) -> None:
    connection = sql.connect(lake)
    for name in (*TABLES, "raw"):
        assert ask(lake, f"select count(*) from {name}") == [(0,)]
        assert connection.execute(f'select * from "{name}"').fetchall() == []


def test_a_connection_of_any_kind_gets_the_tables_as_a_database(full: Lake) -> None:
    with duckdb.connect() as connection:
        attach(connection, full, "lake")
        assert connection.sql("select count(*) from lake.raw").fetchall() == [(3,)]
        shown = connection.sql("select view_name from duckdb_views() where not internal").fetchall()
        assert {name for (name,) in shown} == {*TABLES, "raw", "raw_mail", "raw_files"}
        assert connection.sql("select current_database()").fetchall() == [("memory",)]


def test_marts_are_asked_beside_the_tables(full: Lake, tmp_path: Path) -> None:
    file = tmp_path / "it's.duckdb"
    both = "select count(*) from marts.boxes join raw on source = name"
    with pytest.raises(FixTheCall):
        ask(full, both, marts=file)  # before they are built
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table boxes as select 'files' as name, 7 as size")
    assert ask(full, "select * from marts.boxes", marts=file) == [("files", 7)]
    assert ask(full, both, marts=file) == [(1,)]
    for bad in ("drop table marts.boxes", "copy marts.boxes to '/tmp/boxes.csv'"):
        with pytest.raises(FixTheCall):
            ask(full, bad, marts=file)


def test_every_table_under_its_own_name(full: Lake) -> None:
    shown = {name for (name,) in ask(full, "show tables")}
    assert shown == {*TABLES, "raw", "raw_mail", "raw_files"}
    assert ask(full, "select item_id from raw_mail order by 1") == [("m1",), ("m2",)]
    by_source = ask(full, "SELECT source, count(*) FROM Raw GROUP BY ALL ORDER BY ALL")
    assert by_source == [("files", 1), ("mail", 2)]
    assert ask(full, "select metadata['a'] from raw where item_id = 'm1'") == [("1",)]
    columns = [name for name, *_ in ask(full, "describe raw")]
    assert columns == declared("raw_mail").schema.names


def test_texts_have_assets_and_entities_have_segments(full: Lake) -> None:
    assert ask(full, "select asset_id, text from texts order by 1") == [
        ("a1", "Hello"),
        ("a2", "Hello"),
    ]
    found = ask(
        full, "select id, entity_type, parent_id, version, is_latest from entities order by 1"
    )
    assert found == [
        ("a1", "asset", None, 3, True),
        ("s1", "segment", "a1", 3, True),
        ("s2", "segment", "a1", 3, True),
    ]


@pytest.mark.local("its reader would need the keys")
def test_the_same_rows_as_delta_scan(full: Lake, rows: Rows) -> None:
    full.table("segments").apply(Difference([rows("segments", ["s3"])], ["s1"]))
    spec = importlib.util.find_spec("duckdb_extension_delta")
    assert spec
    assert spec.submodule_search_locations
    folder = spec.submodule_search_locations[0]
    other = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    other.execute(f"LOAD '{folder}/extensions/v{duckdb.__version__}/delta.duckdb_extension'")
    for name in ("raw_mail", "segments", "texts"):
        path = full.table(name).folder
        theirs = other.execute(f"select * from delta_scan('{path}') order by 1").fetchall()
        columns = ", ".join(f'"{column}"' for column in declared(name).schema.names)
        ours = ask(full, f"select distinct on (1) {columns} from {name} order by 1")
        assert theirs == ours


def test_as_it_was(full: Lake, rows: Rows) -> None:
    first = full.raw("mail").history()[0].time
    before = full.table("segments").history()[0].time
    full.table("segments").append([rows("segments", ["s3"])])
    assert ask(full, "select count(*) from segments") == [(3,)]
    assert ask(full, "select count(*) from segments", as_of=before) == [(2,)]
    assert ask(full, "select count(*) from segments", as_of=first) == [(0,)]
    with pytest.raises(NotYet, match="the lake has nothing from before 2001-01-01T00:00:00"):
        ask(full, "select count(*) from segments", as_of="2001-01-01")
    old = sql.connect(full, as_of=before)
    assert old.execute("select count(*) from segments").fetchall() == [(2,)]


WRITING = (
    "copy (select 1) to '{tables}/x.csv'",
    "explain analyze copy (select 1) to '{tables}/x.csv'",
    "EXPLAIN (ANALYZE, FORMAT json) COPY (select 1) to '{tables}/x.csv'",
    "select 1; copy (select 1) to '{tables}/x.csv'",
    "export database '{tables}/x'",
    "attach '{tables}/x.db'",
    "create table x as select 1",
    "insert into items select * from items",
    "set lock_configuration = false",
    "install httpfs",
    "load httpfs",
    "call pragma_version()",
)


def test_writing_is_refused(full: Lake, subtests: pytest.Subtests) -> None:
    tables = full.root / "tables"
    before = sorted(below(tables))
    refused = "is not allowed: SQL over the lake only reads"
    for text in WRITING:
        with subtests.test(text), pytest.raises(FixTheCall, match=refused):
            ask(full, text.format(tables=tables))
    assert sorted(below(tables)) == before


OUTSIDE = (
    "select * from read_text('/etc/passwd')",
    "select * from read_csv('{lake}/../secret.csv')",
    "select * from '{lake}/blobs/ab/abc.parquet'",
    "select * from read_text('{tables}/../../secret.csv')",
    "select * from read_csv('https://example.com/x.csv')",
    "select * from glob('/etc/*')",
)


def test_nothing_but_the_tables_can_be_read(
    full: Lake, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """A listing of what is outside may be empty instead."""
    (tmp_path / "secret.csv").write_text("secret")
    tables = full.root / "tables"
    for text in OUTSIDE:
        with subtests.test(text), suppress(FixTheCall, UnknownTable):
            assert ask(full, text.format(lake=full.root, tables=tables)) == []


def test_a_plain_connection_cannot_be_opened_up(full: Lake) -> None:
    connection = sql.connect(full)
    with pytest.raises(duckdb.Error, match="locked"):
        connection.execute("set enable_external_access = true")
    with pytest.raises(duckdb.Error):
        connection.execute("select * from read_text('/etc/passwd')")
    secret = pa.table({"x": [1]})  # noqa: F841 - variables of the caller are not tables
    with pytest.raises(duckdb.CatalogException):
        connection.execute("select * from secret")


OUT_OF_REACH = (
    "copy (select 1) to '{tables}/x.csv'",
    "copy (select 1 as item_id) to '{file}' (format parquet)",
    "attach '{tables}/x.db'",
    "install httpfs",
    "load '{extension}'",
    "import database '/etc'",
    "create view x as select * from read_text('/etc/passwd')",
    "set allowed_paths = ['/etc/passwd']",
    "pragma memory_limit = '1TB'",
)


def test_a_connection_for_assets_is_closed_in_too(full: Lake, subtests: pytest.Subtests) -> None:
    """It may make tables of its own, in memory; files and settings are out of its reach."""
    spec = importlib.util.find_spec("duckdb_extension_delta")
    assert spec
    assert spec.submodule_search_locations
    folder = spec.submodule_search_locations[0]
    extension = f"{folder}/extensions/v{duckdb.__version__}/delta.duckdb_extension"
    (file,) = full.raw("files").files()
    before = file.read_bytes()
    connection = sql.connect(full)
    connection.execute("create temp table own as select * from raw")
    tables = full.root / "tables"
    for text in OUT_OF_REACH:
        with subtests.test(text), pytest.raises(duckdb.Error):
            connection.execute(text.format(tables=tables, file=file, extension=extension))
    assert file.read_bytes() == before


@pytest.mark.local("where questions spill is on this machine")
def test_a_lake_that_cannot_be_written_to_is_asked_without_spilling(full: Lake) -> None:
    (full.root / "tmp").write_text("in the way, as a read-only disk would be")
    assert ask(full, "select count(*) from raw") == [(3,)]
    assert ask(full, "select current_setting('temp_directory')") == [("",)]


@pytest.mark.local("as above")
def test_large_sorts_spill_into_the_lake_and_not_where_one_stands(full: Lake) -> None:
    [(folder,)] = ask(full, "select current_setting('temp_directory')")
    assert folder.startswith(f"{full.root}/tmp/")
    assert ask(full, "select current_setting('temp_directory')") != [(folder,)]


def test_mistakes_are_explained(full: Lake) -> None:
    with pytest.raises(
        UnknownTable, match="no table segment: there are raw_files, raw_mail, items"
    ):
        ask(full, "select * from segment")
    with pytest.raises(FixTheCall, match='syntax error at or near "items"'):
        ask(full, "select * form items")
    with pytest.raises(FixTheCall, match='"colour" not found'):
        ask(full, "select colour from items")
    with pytest.raises(FixTheCall, match="no SQL given"):
        ask(full, " ")
    with pytest.raises(LakeMissing, match=r"no lake at .*nothing has been archived yet"):
        open_lake(full.root / "elsewhere", must_exist=True)


def test_a_folder_with_a_quote_and_many_files(tmp_path: Path, rows: Rows) -> None:
    lake = open_lake(tmp_path / "it's a [lake] *")
    for number in range(5):
        lake.table("items").append([rows("items", [f"i{number}"])])
    assert ask(lake, "select count(*) from items") == [(5,)]
    assert lake.table("items").scan().collect().height == 5
    assert [b.num_rows for b in lake.table("items").rows(["i3"], ["item_id"])] == [1]


def test_a_question_costs_no_heavy_import(full: Lake) -> None:
    script = (
        "import sys; from dataq_lake.lake import open_lake; from dataq_lake import sql\n"
        "found = sql.query(open_lake(sys.argv[1]), 'select count(*) from raw_mail').fetchall()\n"
        "heavy = {'polars', 'pyarrow', 'deltalake', 'numpy', 'dagster'} & set(sys.modules)\n"
        "print(found, sorted(heavy))"
    )
    command = [sys.executable, "-c", script, str(full.root)]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, check=True, text=True)
    assert done.stdout.strip() == "[(2,)] []"
