"""Reads a table's state through DuckDB where Polars cannot: encrypted files, rows that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from dataq_lake.ducklake.relation import relation
from dataq_lake.ducklake.state import State
from dataq_lake.ducklake.store import store_refusal
from dataq_lake.errors import ContentLost, LakeError
from dataq_lake.lost_files import lost_among
from dataq_lake.reading import chosen, cut, polars_schema
from dataq_lake.schemas import Table

if TYPE_CHECKING:
    import duckdb

    from dataq_lake.ducklake.catalogue import Catalogue

STREAM_ROWS = 50_000
BULKY_ROWS = 2_000


class Reader:
    """Reads one state of a table; each read has a connection of its own."""

    def __init__(self, catalogue: Catalogue, table: Table, state: State | None) -> None:
        self._catalogue = catalogue
        self.table = table
        self.state = state

    def scan(self, number: str | None = None) -> pl.LazyFrame:
        """All rows, lazily; only columns that are asked for are read."""
        schema = dict(polars_schema(self.table.schema))
        if number:
            schema[number] = pl.Int64()

        def source(
            columns: list[str] | None,
            predicate: pl.Expr | None,
            limit: int | None,
            _batch: int | None,
        ) -> Iterator[pl.DataFrame]:
            names = columns or list(schema)
            yield from _limited(self._frames(names, number, predicate), limit)

        return register_io_source(source, schema=schema, validate_schema=True, is_pure=True)

    def _frames(
        self, names: list[str], number: str | None, predicate: pl.Expr | None
    ) -> Iterator[pl.DataFrame]:
        schema = chosen(self.table, [name for name in names if name != number])
        if number in names:
            schema = schema.append(pa.field(number, pa.int64()))
        found = relation(self.state, chosen(self.table, [n for n in names if n != number]), number)
        for batch in self._stream(f"select {_listed(names)} from ({found})"):
            table = _typed(batch, pa.schema([schema.field(name) for name in names]))
            frame = pl.DataFrame(table)
            yield frame if predicate is None else frame.filter(predicate)

    def batches(
        self, columns: Iterable[str] | None, batch_bytes: int, where: str = "", **values: pa.Array
    ) -> Iterator[pa.RecordBatch]:
        """The rows, or those for which `where` holds, in batches bounded by bytes.

        `where` may name columns of the table, and `values` as tables with one column `value`.
        """
        schema = chosen(self.table, columns)
        text = f"select {_listed(schema.names)} from ({relation(self.state, self.table.schema)})"
        for batch in self._stream(f"{text} {where}", **values):
            yield from cut(pa.Table.from_batches([batch]), schema, batch_bytes)

    def numbered(
        self, columns: Iterable[str] | None, batch_bytes: int, number: str, values: pa.Array
    ) -> Iterator[pa.RecordBatch]:
        """The rows whose number is in `values`, in their order."""
        schema = chosen(self.table, columns)
        found = relation(self.state, self.table.schema, number)
        text = (
            f'select {_listed(schema.names)} from ({found}) where "{number}" in '
            f'(select value from numbers) order by "{number}"'
        )
        for batch in self._stream(text, numbers=values):
            yield from cut(pa.Table.from_batches([batch]), schema, batch_bytes)

    def _stream(self, text: str, **values: pa.Array) -> Iterator[pa.RecordBatch]:
        import duckdb

        cursor = self._catalogue.database.cursor()
        try:
            cursor.execute("set TimeZone = 'UTC'")
            for name, column in values.items():
                cursor.register(name, pa.table({"value": column}))
            size = BULKY_ROWS if self.table.bulky else STREAM_ROWS
            yield from cursor.execute(text).to_arrow_reader(size)
        except duckdb.Error as error:
            told = store_refusal(self._catalogue.root, error) or self._lost(error)
            if told is None:
                raise
            raise told from None
        finally:
            cursor.close()

    def _lost(self, error: duckdb.Error) -> LakeError | None:
        """What to say of `error`, if a file is gone or cannot be read."""
        import duckdb

        if self.state and (told := lost_among(self.state.paths, self.state.version, error)):
            return told
        if isinstance(error, duckdb.IOException):
            return ContentLost(f"a file of table {self.table.name} cannot be read: {error}")
        return None


def _limited(frames: Iterator[pl.DataFrame], limit: int | None) -> Iterator[pl.DataFrame]:
    for frame in frames:
        if limit is None:
            yield frame
            continue
        yield frame.head(limit)
        limit -= min(limit, frame.height)
        if not limit:
            return


def _typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    columns = [batch.column(each.name).cast(each.type) for each in schema]
    return pa.table(columns, schema=schema)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
