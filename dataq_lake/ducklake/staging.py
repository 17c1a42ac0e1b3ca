"""Rows of one write before they are committed: in this process, and on disk if they are many."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from dataq_lake import writing
from dataq_lake.ducklake.definition import columns_of
from dataq_lake.schemas import Table
from dataq_lake.sizes import size_of

if TYPE_CHECKING:
    import duckdb

    from dataq_lake.ducklake.catalogue import Catalogue

NUMBER = "_dataq_number"


class Staging:
    """A temporary table with the columns of `table`; nobody else sees it, and it ends with us."""

    def __init__(self, catalogue: Catalogue, table: Table) -> None:
        self.table = table
        self._catalogue = catalogue
        self.rows = 0
        self.bytes = 0
        self.columns = ", ".join(f'"{name}"' for name in table.schema.names)
        self._since = 0.0
        self._number = 0
        self._table = f"staged_{uuid.uuid4().hex}"

    @property
    def name(self) -> str:
        """The table's name in SQL."""
        return f"temp.{self._table}"

    @cached_property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """The connection that has the rows; without any, nothing was opened."""
        cursor = self._catalogue.database.cursor()
        cursor.execute(
            f"set TimeZone = 'UTC'; create temp table {self._table} "
            f"({columns_of(self.table.schema)}, {NUMBER} bigint)"
        )
        return cursor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "cursor" not in self.__dict__:
            return
        with suppress(Exception):  # it ends with its connection in any case
            self.cursor.execute(f"drop table {self.name}")
        self.cursor.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes a batch of exactly the table's schema."""
        if not batch.num_rows:
            return
        if not self.rows:
            self._since = time.monotonic()
        numbers = pa.array(range(self._number, self._number + batch.num_rows), pa.int64())
        numbered = pa.Table.from_batches([batch]).append_column(NUMBER, numbers)
        self.cursor.register("batch", numbered)
        self.cursor.execute(f"insert into {self.name} select * from batch")
        self.cursor.unregister("batch")
        self._number += batch.num_rows
        self.rows += batch.num_rows
        self.bytes += size_of(batch)

    @property
    def full(self) -> bool:
        """Whether enough has come together for a commit, or it has waited long enough."""
        return (
            self.rows >= writing.COMMIT_ROWS
            or self.bytes >= writing.COMMIT_BYTES
            or (self.rows > 0 and time.monotonic() - self._since > writing.COMMIT_SECONDS)
        )

    def drop_repeated(self) -> None:
        """Keeps the first row of each key."""
        key = ", ".join(f'"{name}"' for name in self.table.key)
        self.cursor.execute(
            f"delete from {self.name} where {NUMBER} not in "
            f"(select min({NUMBER}) from {self.name} group by {key})"
        )

    def drop_known(self, known: str) -> None:
        """Drops the rows whose key is in the table `known`; part of the transaction, if any."""
        same = " and ".join(
            f'known."{name}" is not distinct from staged."{name}"' for name in self.table.key
        )
        self.cursor.execute(
            f"delete from {self.name} where {NUMBER} in (select staged.{NUMBER} "
            f"from {self.name} as staged semi join {known} as known on {same})"
        )

    def empty(self) -> None:
        """Forgets the rows."""
        self.cursor.execute(f"delete from {self.name}")
        self.rows, self.bytes = 0, 0
