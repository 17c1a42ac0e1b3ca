"""`dataq sql`: questions in, rows out in every format."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from dataq_lake.lake import Lake
from tests.gateway.rows import Command, add_rows, quarantined

QUERY = "SELECT id, attempts, created_at FROM quarantine ORDER BY id"


def test_json_is_an_array_of_objects(dataq: Command, lake: Lake) -> None:
    add_rows(lake, "quarantine", quarantined("q1"), quarantined("q2"))
    rows = json.loads(dataq("sql", QUERY, "--json").stdout)
    assert rows[0] == {"id": "q1", "attempts": 1, "created_at": "2026-05-19T12:00:00Z"}
    assert len(rows) == 2
    assert json.loads(dataq("sql", QUERY + " LIMIT 0", "--json").stdout) == []


def test_csv_plain_and_table(dataq: Command, lake: Lake) -> None:
    add_rows(lake, "quarantine", quarantined("q1", reason='a, "b"'))
    query = "SELECT id, reason, MAP {'k': [1, NULL]} AS more FROM quarantine"
    rows = list(csv.reader(io.StringIO(dataq("sql", query, "--format", "csv").stdout)))
    assert rows == [["id", "reason", "more"], ["q1", 'a, "b"', '{"k": [1, null]}']]
    assert dataq("sql", query, "--format", "plain").stdout == 'q1\ta, "b"\t{"k": [1, null]}\n'
    assert dataq("sql", query).stdout.splitlines()[0].split() == ["id", "reason", "more"]


def test_json_lines(dataq: Command, lake: Lake) -> None:
    add_rows(lake, "quarantine", quarantined("q1"), quarantined("q2"))
    lines = dataq("sql", QUERY, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["q1", "q2"]


def test_parquet_to_a_file_or_into_a_pipe(dataq: Command, lake: Lake, tmp_path: Path) -> None:
    add_rows(lake, "quarantine", quarantined("q1"))
    piped = dataq("sql", QUERY, "--format", "parquet")
    assert pq.read_table(io.BytesIO(piped.raw)).column("id").to_pylist() == ["q1"]
    out = tmp_path / "rows.parquet"
    assert dataq("sql", QUERY, "--format", "parquet", "-o", str(out)).returncode == 0
    assert pq.read_table(out).column("id").to_pylist() == ["q1"]


def test_the_query_may_come_from_standard_input(dataq: Command, lake: Lake) -> None:
    assert json.loads(dataq("sql", "--json", stdin="SELECT 7 AS n\n").stdout) == [{"n": 7}]
    assert dataq("sql").returncode == 2


def test_a_wrong_query_is_one_line(dataq: Command, lake: Lake) -> None:
    for query in ("SELECT nope FROM items", "SELEC", "SELECT * FROM nowhere", "DROP TABLE items"):
        told = dataq("sql", query)
        assert told.returncode == 1
        assert told.stdout == ""
        assert told.stderr.startswith("error: ")
        assert told.stderr.count("\n") == 1


def test_a_query_that_fails_halfway_is_told_too(dataq: Command, lake: Lake) -> None:
    query = "SELECT CASE WHEN i = 90000 THEN error('boom') ELSE i END AS n FROM range(100000) t(i)"
    told = dataq("sql", query, "--format", "csv")
    assert told.returncode == 1
    assert "boom" in told.stderr


def test_time_travel(dataq: Command, lake: Lake) -> None:
    add_rows(lake, "quarantine", quarantined("q1"))
    first = lake.table("quarantine").history()[0]
    add_rows(lake, "quarantine", quarantined("q2"))
    rows = json.loads(dataq("sql", QUERY, "--json", "--as-of", first.time.isoformat()).stdout)
    assert [row["id"] for row in rows] == ["q1"]


def test_any_client_opens_the_same_views(dataq: Command, lake: Lake, tmp_path: Path) -> None:
    """A process that knows DuckDB and no DataQ does what the printed text says, word for word."""
    add_rows(lake, "quarantine", quarantined("q1"))
    add_rows(lake, "raw_inbox", {"item_id": "i1", "source": "inbox", "metadata": [("a", "1")]})
    then = lake.raw("inbox").history()[0].time
    add_rows(lake, "raw_inbox", {"item_id": "i2", "source": "inbox"})
    for words, rows in ([], 2), (["--as-of", then.isoformat()], 1):
        printed = dataq("sql", "--attach", *words).stdout
        (tmp_path / "lake.sql").write_text(printed)
        _, _, rest = printed.partition("-- In Python:\n")
        steps = [line[7:] for line in rest.splitlines() if line.startswith("--     ")]
        steps.append("print(connection.sql('select id from quarantine').fetchall())")
        steps.append("print(connection.sql('from entities').fetchall())")
        done = subprocess.run(
            [sys.executable, "-I", "-c", "\n".join(steps)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert f" {rows} " in done.stdout
        assert done.stdout.endswith("[('q1',)]\n[]\n")
    assert dataq("sql", "--attach", "select 1").returncode == 2


def test_reading_harms_nobody(dataq: Command, lake: Lake, tmp_path: Path) -> None:
    """Neither files outside the lake nor files inside it can be touched."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for query in (f"SELECT * FROM '{secret}'", f"COPY (SELECT 1) TO '{lake.root}/tables/x'"):
        assert dataq("sql", query).returncode == 1
