"""Which rows a destination gets: those of its table or query that were never planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from dataq_lake.lake import Lake
from dataq_resources.destinations import DestinationConfig

BATCH_BYTES = 8 << 20


class Selection(Protocol):
    """The rows that are to be delivered, by key."""

    def version(self) -> int | None:
        """What all rows are a function of; None where that is not known."""
        ...

    def keys(self) -> pl.LazyFrame:
        """One column, `key`."""
        ...

    def rows(self, keys: pl.Series) -> Iterator[pa.RecordBatch]:
        """The rows of these keys, in an order that only the stored files decide."""
        ...


def selection(lake: Lake, config: DestinationConfig) -> Selection:
    """The rows of the table, or those of the query."""
    return OfQuery(lake, config) if config.query else OfTable(lake, config)


@dataclass(frozen=True)
class OfTable:
    """A table's rows."""

    lake: Lake
    config: DestinationConfig

    def version(self) -> int | None:
        return self.lake.table(self.config.table).version()

    def keys(self) -> pl.LazyFrame:
        key = self.config.key_column
        return self.lake.table(self.config.table).scan([key]).select(pl.col(key).alias("key"))

    def rows(self, keys: pl.Series) -> Iterator[pa.RecordBatch]:
        handle = self.lake.table(self.config.table)
        if self.config.key_column == handle.table.key[0]:
            yield from handle.rows(keys, self._columns(), BATCH_BYTES)
        else:
            yield from kept(
                handle.batches(self._columns(), BATCH_BYTES), self.config.key_column, keys
            )

    def _columns(self) -> list[str]:
        table = self.lake.table(self.config.table).table
        wanted = self.config.columns or [n for n in table.schema.names if n not in table.bulky]
        return list(dict.fromkeys([self.config.key_column, *wanted]))


@dataclass(frozen=True)
class OfQuery:
    """The answer to a question in SQL, which is asked again for every delivery round."""

    lake: Lake
    config: DestinationConfig

    def version(self) -> int | None:
        return None

    def keys(self) -> pl.LazyFrame:
        column = f'"{self.config.key_column}"'
        question = f"select {column}::varchar as key from ({self._query})"
        return self.lake.sql(question).pl().lazy()

    def rows(self, keys: pl.Series) -> Iterator[pa.RecordBatch]:
        batches = self.lake.sql(f"select * from ({self._query})").to_arrow_reader()
        yield from kept(batches, self.config.key_column, keys)

    @property
    def _query(self) -> str:
        return (self.config.query or "").rstrip().rstrip(";")


def kept(batches: Iterable[pa.RecordBatch], key: str, keys: pl.Series) -> Iterator[pa.RecordBatch]:
    """Those rows of the batches whose key is one of these."""
    wanted = keys.to_arrow().cast(pa.string())
    for batch in batches:
        found = batch.filter(pc.is_in(batch.column(key).cast(pa.string()), value_set=wanted))
        if found.num_rows:
            yield found
