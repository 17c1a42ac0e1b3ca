"""A stranger's SQL: no way out of the lake, no way to change it, no way to hold the machine."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dataq_lake.lake import Lake
from tests.gateway.rows import Command, add_rows, quarantined

Ask = Callable[..., subprocess.CompletedProcess[bytes]]
OUTSIDE = {
    "read_csv": "select * from read_csv('/etc/passwd')",
    "read_text": "select * from read_text('/etc/passwd')",
    "read_blob": "select * from read_blob('/etc/passwd')",
    "replacement": "select * from '/etc/passwd'",
    "quoted": 'select * from "/etc/passwd"',
    "glob": "select * from glob('/etc/*')",
    "sniff": "select * from sniff_csv('/etc/passwd')",
    "dots": "select * from read_text('{tables}/../../../../../../../../../../etc/passwd')",
    "link": "select * from read_text('{tables}/quarantine/link.parquet')",
    "linked folder": "select * from read_text('{tables}/linked/passwd')",
    "log": "select * from read_json('{tables}/quarantine/_delta_log/*.json')",
    "unlisted file": "select * from read_parquet('{tables}/quarantine/*.parquet')",
    "blobs": "select * from read_blob('{lake}/blobs/**')",
    "query function": "select * from query('select * from read_text(''/etc/passwd'')')",
    "query_table": "select * from query_table('/etc/passwd')",
    "serialized": "select * from json_execute_serialized_sql(json_serialize_sql("
    "'select * from read_text(''/etc/passwd'')'))",
    "parquet metadata": "select * from parquet_metadata('/etc/passwd')",
    "delta": "select * from delta_scan('{tables}/quarantine')",
    "file url": "select * from read_text('file:///etc/passwd')",
    "http": "select * from read_text('http://127.0.0.1:9/x')",
    "s3": "select * from read_parquet('s3://bucket/x')",
    "macro": "select * from read_csv_auto('/proc/self/environ')",
    "python variable": "select * from quarantined",
    "spill": "select * from read_blob('{lake}/tmp/**')",
    "other readers": "select * from read_duckdb('/etc/passwd')",
    "read_json": "select * from read_ndjson_objects('/etc/passwd')",
    "parquet keys": "select * from parquet_kv_metadata('/etc/passwd')",
    "parquet bloom": "select * from parquet_bloom_probe('/etc/passwd', 'a', 1)",
    "environment": "select getenv('HOME')",
    "secrets": "select * from duckdb_secrets()",
    "which secret": "from which_secret('s3://x', 's3')",
}
# In a process that is asked by many, an address would end all of it: `pandas_scan(null)` did.
CALLS = {
    "address": "select * from pandas_scan(null)",
    "address of Arrow": "select * from arrow_scan(null, null, null)",
    "python": "select * from python_map_function((select 1), null, null)",
    "qualified and quoted": 'select * from system.main."PANDAS_scan"(null)',
    "inside": "select (select count(*) from pandas_scan(null))",
    "in a list": "select list_transform([1], lambda x: write_log('x'))",
    "second": "select 1; select * from pandas_scan(null)",
    "described": "describe select * from pandas_scan(null)",
    "summarized": "summarize select * from pandas_scan(null)",
    "explained": "explain analyze select * from pandas_scan(null)",
    "in a text": "select * from query('select * from pan' || 'das_scan(null)')",
    "planned": "select json_serialize_plan('select * from pandas_scan(null)')",
    "logging": "select * from enable_logging('QueryLog', storage = 'file', "
    "storage_path = '{lake}/x'); select 42",
    "profiling": "select * from enable_profiling(save_location = '{lake}/x.json', "
    "format = 'json'); select 42",
    "log": "select write_log('x')",
    "checkpoint": "select * from checkpoint()",
}
STATEMENTS = {
    "copy out": "copy (select 1) to '{lake}/x.csv'",
    "copy over": "copy (select 1 as id) to '{file}' (format parquet)",
    "copy over in place": "copy (select 1 as id) to '{file}' (format parquet, use_tmp_file false)",
    "explained copy": "explain (analyze, format json) copy (select 1 as id) to '{file}' "
    "(format parquet, use_tmp_file false)",
    "copy in": "copy quarantine from '/etc/passwd'",
    "export": "export database '{lake}/x'",
    "import": "import database '{planted}'",
    "import elsewhere": "import database '/etc'",
    "attach": "attach '{lake}/x.db'",
    "attach postgres": "attach 'host=127.0.0.1' as p (type postgres)",
    "install": "install httpfs",
    "install from": "install x from 'http://127.0.0.1:9'",
    "load": "load httpfs",
    "load file": "load '{lake}/x.duckdb_extension'",
    "set": "set enable_external_access = true",
    "set global": "set global lock_configuration = false",
    "reset": "reset allowed_paths",
    "set paths": "set allowed_directories = ['/']",
    "pragma": "pragma enable_external_access = true",
    "pragma profile": "pragma profiling_output = '{lake}/x'",
    "call": "call enable_logging('QueryLog', storage = 'file', storage_path = '{lake}/x')",
    "secret": "create secret (type s3, key_id 'a', secret 'b')",
    "create": "create table t as select 1",
    "temp": "create temp table t as select 1",
    "view": "create or replace view quarantine as select 1",
    "drop": "drop view quarantine",
    "delete": "delete from quarantine",
    "update": "update quarantine set state = 'x'",
    "insert": "insert into quarantine select * from quarantine",
    "prepare": "prepare p as copy (select 1) to '{lake}/x'",
    "transaction": "begin; commit",
    "vacuum": "vacuum",
    "checkpoint": "checkpoint",
    "explain analyze": "explain analyze copy (select 1) to '{lake}/x'",
    "explain twice": "explain analyze explain analyze copy (select 1) to '{lake}/x'",
    "comment before": "/* select */ copy (select 1) to '{lake}/x'",
    "second": "select 1; copy (select 1) to '{lake}/x'",
    "detach": "detach memory",
    "use": "use memory",
    "macro": "create macro m() as 1",
    "type": "create type t as enum ('a')",
    "alter": "alter view quarantine rename to q",
    "truncate": "truncate quarantine",
    "merge": "merge into quarantine using quarantine q on true when matched then delete",
    "force install": "force install httpfs",
    "update extensions": "update extensions",
    "variable": "set variable x = 1",
    "execute": "execute p",
    "analyze": "analyze",
    "to the terminal": "copy (select 1) to '/dev/stdout'",
    "copy a database": "copy from database memory to memory",
    "cte": "with a as (select 1) insert into quarantine select * from quarantine",
}
REFUSED_BY_DUCKDB = {
    "explain twice": "syntax error",
    "import": "disabled by configuration",  # to parse it is to read the files
    "import elsewhere": "disabled by configuration",
}
BOMBS = {
    "endless recursion": "with recursive t(n) as (select 1 union all select n + 1 from t) "
    "select * from t where n < 0",
    "growing recursion": "with recursive t(n, s) as (select 1, 'x' union all select n + 1, s || s "
    "from t) select max(length(s)) from t",
    "series": "select count(*) from generate_series(1, 1000000000000) a, range(1000000000) b",
    "sort": "select * from range(100000000000) order by hash(range)",
    "distinct": "select count(distinct range || repeat('x', 32)) from range(100000000000)",
    "list": "select list(range) from range(10000000000)",
    "string_agg": "select string_agg(repeat('x', 1000000), '') from range(100000)",
    "cross join": "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c "
    "where a.range + b.range + c.range = -1",
    "long strings": "select max(length(repeat('x', 100000000) || range::varchar)) from range(1000)",
    "one long string": "select length(repeat('x', 4000000000))",
    "levenshtein": "select levenshtein(repeat('a', 1000000), repeat('b', 1000000))",
    "edit matrix": "select damerau_levenshtein(repeat('a', 30000), repeat('b', 30000))",
    "nested lists": "select list_transform(range(100000), lambda x: list_transform(range(100000), "
    "lambda y: x * y))",
    "many unions": " union all ".join(["select 1"] * 20_000),
}


@pytest.fixture
def trap(lake: Lake) -> Lake:
    """A lake with one row, and with links out of it."""
    add_rows(lake, "quarantine", quarantined("q1"))
    (lake.root / "tables" / "quarantine" / "link.parquet").symlink_to("/etc/passwd")
    (lake.root / "tables" / "linked").symlink_to("/etc")
    planted = lake.root.parent / "planted"
    planted.mkdir()
    (planted / "schema.sql").write_text("planted words that an error could repeat")
    (planted / "load.sql").write_text("select 'planted';")
    return lake


def filled(text: str, lake: Lake) -> str:
    """`text` with the paths of this lake in it."""
    (file,) = lake.table("quarantine").files()
    paths = {"tables": lake.root / "tables", "lake": lake.root, "file": file}
    for name, path in {**paths, "planted": lake.root.parent / "planted"}.items():
        text = text.replace(f"{{{name}}}", str(path))
    return text


@pytest.fixture
def ask(home: Path, trap: Lake) -> Ask:
    """`dataq sql` in a process of its own."""

    def asked(text: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "dataq_gateway", "sql", *words],
            input=text.encode(),
            capture_output=True,
            env={**os.environ, "DATAQ_HOME": str(home)},
            timeout=60,
        )

    return asked


def everything(lake: Lake) -> dict[str, bytes]:
    """Every file of the lake, and every folder that is not for spilling."""
    return {
        str(path): path.read_bytes() if path.is_file() else b""
        for path in lake.root.rglob("*")
        if not path.is_relative_to(lake.root / "tmp")
    }


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_outside_of_the_views_can_be_read(name: str, dataq: Command, trap: Lake) -> None:
    told = dataq("sql", filled(OUTSIDE[name], trap), "--json")
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1), told
    assert "root:x:0:0" not in told.stderr


@pytest.mark.parametrize("name", STATEMENTS)
def test_nothing_can_be_changed(name: str, dataq: Command, trap: Lake) -> None:
    before = everything(trap)
    told = dataq("sql", filled(STATEMENTS[name], trap))
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1), told
    assert (
        REFUSED_BY_DUCKDB.get(name, "is not allowed: SQL over the lake only reads") in told.stderr
    )
    assert "planted" not in told.stderr.replace(f"{trap.root.parent}/planted", "")
    assert everything(trap) == before


@pytest.mark.parametrize("name", CALLS)
def test_no_select_calls_what_does_more_than_read(name: str, dataq: Command, trap: Lake) -> None:
    before = everything(trap)
    told = dataq("sql", filled(CALLS[name], trap))
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1), told
    assert "() is not allowed: SQL over the lake only reads" in told.stderr
    assert everything(trap) == before


def test_a_name_in_a_text_is_no_call(dataq: Command, trap: Lake) -> None:
    text = "select '\"function_name\":\"query\"' as query, 'pandas_scan(null)' as s"
    assert json.loads(dataq("sql", text, "--json").stdout)[0]["s"] == "pandas_scan(null)"


@pytest.mark.parametrize(
    "text",
    [
        "show tables",
        "show all tables",
        "describe quarantine",
        "summarize quarantine",
        "pragma table_info('quarantine')",
        "from quarantine",
        "table quarantine",
        "values (1)",
        "with a as (from quarantine) select * from a",
        "select * from quarantine pivot (count(*) for state in ('open'))",
        "select * from quarantine qualify row_number() over () = 1",
        "select columns('i.*') from quarantine",
        "explain select 1",
    ],
)
def test_every_way_to_ask_is_open(text: str, dataq: Command, trap: Lake) -> None:
    told = dataq("sql", text)
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize("name", BOMBS)
def test_no_question_holds_the_machine(name: str, ask: Ask) -> None:
    began = time.monotonic()
    done = ask(BOMBS[name], "--memory", "200MB", "--seconds", "0.5")
    assert done.returncode == 1, done
    assert (done.stdout, done.stderr.count(b"\n")) == (b"", 1), done.stderr[-2000:]
    assert b"the question" in done.stderr, done.stderr
    assert time.monotonic() - began < 20
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert peak < 3 << 30


def test_memory_that_duckdb_does_not_count_is_bounded_too(ask: Ask) -> None:
    done = ask(BOMBS["edit matrix"], "--memory", "200MB", "--seconds", "50")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), done
    assert b"the question needs more than 200MB of memory" in done.stderr


def test_large_questions_spill_and_clean_up(
    ask: Ask, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = "select max(x) from (select hash(range) as x from range(6000000) order by all offset 9)"
    done = ask(large, "--memory", "80MB")
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("DATAQ_SQL_SPILL", "1MB")
    assert b"than 80MB of memory or 1MB of disk" in ask(large, "--memory", "80MB").stderr
    monkeypatch.delenv("DATAQ_SQL_SPILL")
    spilled = lake.root / "tmp"
    # One that has to be ended by force may write until its last moment: a later one tidies up.
    ask(BOMBS["sort"], "--memory", "80MB", "--seconds", "1")
    (spilled / "left").mkdir()
    for left in spilled.iterdir():
        os.utime(left, (0, 0))
    assert ask("select 1").returncode == 0
    assert list(spilled.iterdir()) == []


def test_limits_from_the_environment(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAQ_SQL_MEMORY", "300MB")
    monkeypatch.setenv("DATAQ_SQL_SPILL", "1GB")
    text = "select current_setting('memory_limit') m, current_setting('max_temp_directory_size') s"
    assert json.loads(ask(text, "--json").stdout) == [{"m": "286.1 MiB", "s": "953.6 MiB"}]
    monkeypatch.setenv("DATAQ_SQL_SECONDS", "soon")
    assert b"DATAQ_SQL_SECONDS is 'soon'" in ask("select 1").stderr
    monkeypatch.setenv("DATAQ_SQL_SECONDS", "1")
    assert b"stopped after 1 seconds" in ask(BOMBS["series"]).stderr
    monkeypatch.setenv("DATAQ_SQL_MEMORY", "1GB'; set lock_configuration = false; --")
    assert b"is no size" in ask("select 1").stderr


def test_an_honest_question_is_not_hindered(ask: Ask) -> None:
    done = ask("select count(*) as n, max(range) from range(3000000)", "--memory", "200MB")
    assert done.returncode == 0, done.stderr
    assert ask("select id from quarantine", "--format", "plain").stdout == b"q1\n"
