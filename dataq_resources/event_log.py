"""Dagster's event log in one SQLite file whose connection is kept, not opened for every event."""

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock, local
from typing import TypeVar

from dagster import EventLogEntry
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

from dataq_resources.in_turn import InTurn

BUSY_SECONDS = 60
T = TypeVar("T")


class KeptSqliteEventLogStorage(ConsolidatedSqliteEventLogStorage):
    """Stores an event in about 1 ms; with a new connection for each, 12 steps took 2.3 s, not 0.5.

    What the file was once seen to have is not looked up again, as Dagster would with every event.
    Other processes may read and write the same file at the same time.
    """

    _beside: InTurn | None = None
    _blocks: int = 0
    _engine: Engine | None = None
    _process: int = 0
    _seen: frozenset[str] = frozenset()
    _batch: "_Batch | None" = None

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Stores all of them in one transaction, or none: now, or in its turn.

        Where it fails now, Dagster tries them one by one.
        """
        self._in_turn(self._store_batch, tuple(events))

    def _store_batch(self, events: Sequence[EventLogEntry]) -> None:
        with self._connect() as connection:
            self._batch = batch = _Batch(connection)
            try:
                super().store_event_batch(events)
                for event, event_id in batch.last.values():
                    super()._store_asset_event(connection, event, event_id)
            finally:
                self._batch = None

    def _store_asset_event(self, conn: Connection, event: EventLogEntry, event_id: int) -> None:
        """Keeps what is known of an asset as a whole; of a batch, what its last event says."""
        if self._batch is None:
            super()._store_asset_event(conn, event, event_id)
        elif event.dagster_event is not None:
            about = event.dagster_event.asset_key, event.dagster_event_type
            self._batch.last[about] = event, event_id

    def has_table(self, table_name: str) -> bool:
        """Whether the file has a table."""
        if table_name not in self._seen and super().has_table(table_name):
            self._seen |= {table_name}
        return table_name in self._seen

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        column = f"asset_keys.{column_name}"
        if column not in self._seen and super()._has_asset_key_col_on_connection(conn, column_name):
            self._seen |= {column}
        return column in self._seen

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Stores events in a thread while the block runs, so that a run need not wait for it.

        Whoever reads waits for what was stored before, and so does the end of the block; both raise
        what went wrong with it. Several blocks may run at once.
        """
        with self._guard:
            self._blocks += 1
            beside = self._beside = self._beside or InTurn("events")
        try:
            yield
            beside.settle()
        finally:
            with self._guard:
                self._blocks -= 1
                last = not self._blocks
                if last:
                    self._beside = None
            if last:
                beside.close()

    def store_event(self, event: EventLogEntry) -> None:
        """Stores an event: now, or in its turn."""
        self._in_turn(super().store_event, event)

    def _in_turn(self, store: Callable[[T], object], given: T) -> None:
        beside = self._beside
        if beside is None or beside.is_here() or _connected.times:
            store(given)
        else:
            beside.do(store, given)

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        beside = self._beside
        if beside is not None and not beside.is_here() and not _connected.times:
            beside.settle()  # a thread that is connected already has waited
        with self._guard:  # only the thread that stores a batch comes in while there is one
            if self._batch is not None:
                yield self._batch.connection
                return
            with self._kept().begin() as connection:
                _connected.times += 1
                try:
                    yield connection
                finally:
                    _connected.times -= 1

    @property
    def _guard(self) -> RLock:
        return _GUARD

    def _kept(self) -> Engine:
        # A connection must not cross a fork.
        if self._engine is None or self._process != os.getpid():
            self._engine = create_engine(
                self._conn_string,
                poolclass=StaticPool,
                connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            )
            self._process = os.getpid()
            with self._engine.connect() as connection:
                # In WAL mode this loses, at a power cut, the last events and never the file.
                connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
        return self._engine

    def dispose(self) -> None:
        """Closes the connection."""
        if self._engine is not None and self._process == os.getpid():
            self._engine.dispose()
        self._engine = None
        super().dispose()  # type: ignore[no-untyped-call]


class _Connected(local):
    """How many connections this thread has open, one inside another."""

    times = 0


@dataclass
class _Batch:
    """Events that are being stored together, and the last of each kind for each asset."""

    connection: Connection
    last: dict[Hashable, tuple[EventLogEntry, int]] = field(default_factory=dict)


_connected = _Connected()
_GUARD = RLock()
