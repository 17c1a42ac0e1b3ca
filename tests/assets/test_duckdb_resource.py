"""Assets in SQL read the lake's views through dagster-duckdb's resource."""

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa
import pytest
from dagster_duckdb import DuckDBResource

from dataq_lake.lake import Lake, open_lake
from dataq_resources.duckdb import LakeDuckDBResource
from dataq_resources.home import Home
from dataq_resources.lake import HomeResource


def add(lake: Lake, id_: str) -> None:
    handle = lake.table("quarantine")
    handle.append([pa.RecordBatch.from_pylist([{"id": id_}], schema=handle.table.schema)])


@dg.asset
def rejected(duckdb: DuckDBResource) -> int:
    with duckdb.get_connection() as connection:
        connection.execute("create temp table mine as select id from quarantine")
        return int(connection.sql("select count(*) from mine").fetchall()[0][0])


def materialized(home: Path, **more: Any) -> int:
    resource = LakeDuckDBResource(home=HomeResource(path=str(home)), **more)
    done = dg.materialize([rejected], resources={"duckdb": resource})
    return int(done.output_for_node("rejected"))


def test_an_asset_reads_the_views_as_they_are_and_were(home: Path) -> None:
    lake = open_lake(Home(home).lake)
    add(lake, "q1")
    then = lake.table("quarantine").history()[0].time.isoformat()
    add(lake, "q2")
    assert materialized(home) == 2
    assert materialized(home, as_of=then) == 1


def test_an_asset_cannot_leave_the_lake(home: Path) -> None:
    add(open_lake(Home(home).lake), "q1")
    resource = LakeDuckDBResource(home=HomeResource(path=str(home)))
    outside = "select * from read_text('/etc/passwd')"
    with (
        resource.get_connection() as connection,
        pytest.raises(duckdb.Error, match="disabled by configuration"),
    ):
        connection.execute(outside)
    with pytest.raises(duckdb.ConnectionException):
        connection.execute("select 1")
