"""A catalogue in PostgreSQL that goes away while a write is on its way, and comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from dataq_gateway.cli import explain
from dataq_lake.difference import Difference
from dataq_lake.ducklake import writing
from dataq_lake.ducklake.catalogue import close_catalogues
from dataq_lake.errors import CatalogueUnreachable
from dataq_lake.lake import Lake, open_lake
from tests.conftest import absent
from tests.lake.conftest import Rows
from tests.outage import outage
from tests.postgres import Postgres, serve

pytestmark = pytest.mark.heavy
Moment = Callable[[pytest.MonkeyPatch, Callable[[], None]], None]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that has what it has committed also after a crash."""
    yield from serve(absent, lasting=True)


@pytest.fixture
def where() -> str:
    """On disk: it is the catalogue that goes away."""
    return "disk"


@pytest.fixture
def lake(lake: Lake, server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """With the rows a and b."""
    monkeypatch.setenv("PGPASSWORD", server.password)
    monkeypatch.setenv("DATAQ_TABLES", f"ducklake:postgres:{server.database()}")
    monkeypatch.setenv("DATAQ_LAKE_SECONDS", "20")
    found = open_lake(lake.root)
    handle = found.table("quarantine")
    batch = pa.RecordBatch.from_pylist([{"id": "a"}, {"id": "b"}], schema=handle.table.schema)
    handle.append([batch])
    yield found
    close_catalogues()


def at(name: str, first: bool) -> Callable[[pytest.MonkeyPatch, Callable[[], None]], None]:
    """Once, before (`first`) or after the step `name` of a write."""

    def install(patch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
        real, done = getattr(writing, name), []

        def wrapped(*args: Any, **more: Any) -> Any:
            if first and not done:
                done.append(1)
                happens()
            found = real(*args, **more)
            if not first and not done:
                done.append(1)
                happens()
            return found

        patch.setattr(writing, name, wrapped)

    return install


IN_IT = "in the transaction"
MOMENTS: dict[str, Moment] = {
    "before the transaction": at("_transact", first=True),
    IN_IT: at("_changed", first=False),
    "after the commit": at("_transact", first=False),
}
WRITES = {
    "append": lambda handle, batch: handle.append([batch]),
    "insert": lambda handle, batch: handle.insert_new([batch]),
    "apply": lambda handle, batch: handle.apply(Difference([batch], ["a"])),
}


def ids(lake: Lake) -> list[str]:
    return sorted(lake.table("quarantine").scan(["id"]).collect()["id"])


@pytest.mark.parametrize(
    ("write", "moment"),
    [*(("append", each) for each in MOMENTS), ("insert", IN_IT), ("apply", IN_IT)],
)
def test_a_short_outage_costs_nothing(
    lake: Lake,
    rows: Rows,
    server: Postgres,
    write: str,
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is waited for, and what is written is there once."""
    with outage(server) as away:
        MOMENTS[moment](monkeypatch, away.begin)
        handle = lake.table("quarantine")
        written = WRITES[write](handle, rows("quarantine", ["c", "d"]))
        assert written.rows == 2
        expected = ["b", "c", "d"] if write == "apply" else ["a", "b", "c", "d"]
        assert ids(lake) == expected
        assert sum(commit.rows for commit in handle.history()) == 4
        assert list(handle.damage()) == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_long_outage_is_told_and_a_repeat_completes(
    lake: Lake, rows: Rows, server: Postgres, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by the same process, whose connections were broken."""
    monkeypatch.setenv("DATAQ_LAKE_SECONDS", "0")
    with monkeypatch.context() as patch:
        MOMENTS[moment](patch, server.stop)
        with pytest.raises(CatalogueUnreachable) as refused:
            lake.table("quarantine").insert_new([rows("quarantine", ["b", "c"])])
    assert "\n" not in explain(refused.value)
    with pytest.raises(CatalogueUnreachable):
        ids(lake)
    server.start()
    lake.table("quarantine").insert_new([rows("quarantine", ["b", "c"])])
    assert ids(lake) == ["a", "b", "c"]


def test_who_reads_goes_on_after_an_outage(lake: Lake, server: Postgres) -> None:
    """A process that lives for long, as a daemon does."""
    assert ids(lake) == ["a", "b"]
    server.stop()
    server.start()
    assert ids(lake) == ["a", "b"]
    assert lake.sql("select count(*) from quarantine").fetchall() == [(2,)]
