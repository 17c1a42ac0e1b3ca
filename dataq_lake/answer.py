"""The answer to a question in SQL: fetched as in DuckDB, with errors that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    import pyarrow as pa

    from dataq_lake.errors import LakeError
    from dataq_lake.stopwatch import Stopwatch

T = TypeVar("T")


class Answer:
    """The rows of one question, computed as they are fetched; fetch them once, in one way.

    Every way of fetching raises LimitReached where memory or time ran out, else FixTheCall.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        stopwatch: Stopwatch,
        explained: Callable[[Exception], LakeError],
        close: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._stopwatch = stopwatch
        self._explained = explained
        self._close = close

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [str(column[0]) for column in self._connection.description or ()]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows as tuples of Python's own types."""
        return self._timed(self._connection.fetchall)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, None after the last."""
        return self._timed(self._connection.fetchone)

    def pl(self) -> pl.DataFrame:
        """The rows as a Polars frame."""
        return self._timed(self._connection.pl)

    def arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        return self._timed(self._connection.to_arrow_table)

    def to_arrow_reader(self, rows: int = 10_000) -> pa.RecordBatchReader:
        """The rows as a stream of record batches of `rows` rows each."""
        import pyarrow as pa

        reader = self._timed(lambda: self._connection.to_arrow_reader(rows))
        return pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader))

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            while (batch := self._timed(lambda: next(reader, None))) is not None:
                yield batch
        finally:
            self.close()

    def close(self) -> None:
        """Ends the question, also what it has put on disk; a stream does so at its end."""
        self._close()

    def _timed(self, fetch: Callable[[], T]) -> T:
        import duckdb

        try:
            with self._stopwatch:
                return fetch()
        except (duckdb.Error, OSError, MemoryError) as error:  # OSError: passed on by Arrow
            raise self._explained(error) from error
