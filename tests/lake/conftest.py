"""A lake of its own for each test, and rows to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dataq_lake.ducklake.catalogue import close_catalogues
from dataq_lake.lake import Lake, open_lake
from dataq_lake.location import Location
from dataq_lake.schemas import declared
from tests.lake import ages

ENGINES = ("delta", "file", "postgres")
Rows = Callable[..., pa.RecordBatch]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that use `engine` run on each, or on those that their mark `engines` names.

    On those that its `heavy` names, by default PostgreSQL, they run only if asked for.
    """
    if "engine" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("engines") or pytest.mark.engines(*ENGINES)
        heavy = mark.kwargs.get("heavy", ("postgres",) if len(mark.args) > 1 else ())
        names = [
            pytest.param(name, marks=[pytest.mark.heavy] if name in heavy else [])
            for name in mark.args
        ]
        metafunc.parametrize("engine", names, indirect=True)


@pytest.fixture
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Has new lakes keep their tables in this way: delta, or DuckLake with such a catalogue.

    A DuckDB file is in the lake, or on this machine's disk where the lake is in a store.
    """
    name: str = request.param
    in_store = request.node.callspec.params.get("where") == "s3"
    catalogue = str(tmp_path / "lake.ducklake") if in_store else "lake.ducklake"
    if name == "postgres":
        catalogue = f"postgres:{request.getfixturevalue('postgres').database()}"
    kind = "ducklake+encrypted" if name == "encrypted" else "ducklake"
    monkeypatch.setenv("DATAQ_TABLES", name if name == "delta" else f"{kind}:{catalogue}")
    yield name
    close_catalogues()


@pytest.fixture(params=["disk", "s3"])
def where(request: pytest.FixtureRequest) -> str:
    """On disk, and in an object store."""
    return str(request.param)


@pytest.fixture
def place(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> Location:
    """Where nothing was ever written."""
    if where == "disk":
        return tmp_path / "lake"
    found: Location = request.getfixturevalue("bucket")
    return found


@pytest.fixture(autouse=True)
def ages_end() -> Iterator[None]:
    """What one test calls old is not old to the next."""
    yield
    ages.forget()


@pytest.fixture
def lake(place: Location) -> Lake:
    """A lake in which nothing was ever written."""
    return open_lake(place)


@pytest.fixture
def rows() -> Rows:
    """Makes a batch for a table: a row for each of `ids`, with other columns the same or null."""

    def make(table: str, ids: list[str], **columns: Any) -> pa.RecordBatch:
        declaration = declared(table)
        values: list[Mapping[str, Any]] = [{declaration.key[0]: id_, **columns} for id_ in ids]
        return pa.RecordBatch.from_pylist(values, schema=declaration.schema)

    return make
