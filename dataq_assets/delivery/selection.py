"""Which rows there are for a destination: those of its table, or of its query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from dataq_lake.errors import FixTheCall
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

    def everything(self) -> Iterator[pa.RecordBatch]:
        """All rows."""
        ...

    def schema(self) -> pa.Schema:
        """The columns of the rows."""
        ...


def selection(lake: Lake, config: DestinationConfig) -> Selection:
    """The rows of the table, or those of the query; of changes, the table's current ones."""
    if config.query:
        return OfQuery(lake, config)
    if config.changes:
        from dataq_assets.delivery.current import OfCurrent

        return OfCurrent(lake, config)
    return OfTable(lake, config)


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
            yield from handle.rows(keys, self.columns(), BATCH_BYTES)
        else:
            yield from kept(
                handle.batches(self.columns(), BATCH_BYTES), self.config.key_column, keys
            )

    def everything(self) -> Iterator[pa.RecordBatch]:
        yield from self.lake.table(self.config.table).batches(self.columns(), BATCH_BYTES)

    def schema(self) -> pa.Schema:
        declared = self.lake.table(self.config.table).table.schema
        return pa.schema([declared.field(name) for name in self.columns()])

    def columns(self) -> list[str]:
        """What travels."""
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
        yield from kept(self.everything(), self.config.key_column, keys)

    def everything(self) -> Iterator[pa.RecordBatch]:
        yield from self.lake.sql(f"select * from ({self._query})").to_arrow_reader()

    def schema(self) -> pa.Schema:
        return self.lake.sql(f"select * from ({self._query}) limit 0").to_arrow_reader().schema

    @property
    def _query(self) -> str:
        return (self.config.query or "").rstrip().rstrip(";")


def rows_in_order(
    selection: Selection, key: str, lists: Sequence[Sequence[str]]
) -> Iterator[pa.Table]:
    """For each list of keys the rows that are there, in its order; several rows a key stay."""
    keys = pl.Series([each for keys in lists for each in keys], dtype=pl.String)
    batches = list(selection.rows(keys))
    rows = pa.Table.from_batches(batches) if batches else pa.table({})
    places: dict[str, list[int]] = {}
    for number, found in enumerate(map(str, rows.column(key).to_pylist() if batches else ())):
        places.setdefault(found, []).append(number)
    for wanted in lists:
        mine = [number for each in wanted for number in places.get(each, ())]
        yield rows.take(list(dict.fromkeys(mine))) if mine else rows.slice(0, 0)


def expect_whole(name: str, key: str, keys: pl.Series) -> None:
    """Raises FixTheCall where a key is null."""
    if keys.null_count():
        raise FixTheCall(
            f"destination {name}: {key} is null in some rows: it cannot tell them apart, so name "
            "another key"
        )


def kept(batches: Iterable[pa.RecordBatch], key: str, keys: pl.Series) -> Iterator[pa.RecordBatch]:
    """Those rows of the batches whose key is one of these."""
    wanted = keys.to_arrow().cast(pa.string())
    for batch in batches:
        found = batch.filter(pc.is_in(batch.column(key).cast(pa.string()), value_set=wanted))
        if found.num_rows:
            yield found
