"""The catalogue of a DuckLake: one DuckDB a process that reaches it, and whose turn it is.

In PostgreSQL a catalogue serves any number of processes. In a DuckDB file it serves one at a time,
so it is held for the length of a read or a write and no longer: processes take turns.
"""

from __future__ import annotations

import errno
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING

from dataq_lake.cache import cache_folder
from dataq_lake.ducklake.session import LAKE, Session, is_away
from dataq_lake.ducklake.store import reach
from dataq_lake.engine import FILE, Engine, write_engine
from dataq_lake.errors import CatalogueUnreachable, FixTheCall, Retry, TableDamaged
from dataq_lake.extensions import OFFLINE, load
from dataq_lake.folders import alone_in, private_folder
from dataq_lake.location import Location
from dataq_lake.objects.refusals import patience

if TYPE_CHECKING:
    import duckdb

WAIT_SECONDS = 60.0
HEADER_BYTES = 3 * 4096
"""What the smallest whole DuckDB file has."""
NAMES = "select distinct table_name from {meta}.ducklake_table order by table_name"
NEWEST = "select max(snapshot_id) from {meta}.ducklake_snapshot"
_REFUSED = re.compile(r"Cannot open file .*(Read-only file system|Permission denied)", re.S)
_HELD = re.compile(r"Conflicting lock is held in (.*?\(PID \d+\))", re.S)

_open: dict[tuple[Engine, Location], Catalogue] = {}
_opening = Lock()


def catalogue_of(engine: Engine, root: Location) -> Catalogue:
    """The one catalogue object of this process for a lake: a DuckDB file is attached only once."""
    with _opening:
        return _open.setdefault((engine, root), Catalogue(engine, root))


def close_catalogues() -> None:
    """Lets go of every catalogue of this process; whoever has a table of it opens it again."""
    with _opening:
        for each in _open.values():
            each.close()


class Catalogue:
    """Where the tables of the lake at `root` are written down; nothing is opened before its use."""

    def __init__(self, engine: Engine, root: Location) -> None:
        self.engine = engine
        self.root = root
        self._lock = RLock()
        self.writing = RLock()
        """Held by whoever commits: threads of one process need not get in each other's way."""
        self._depth = 0
        self._attached = False
        self.read_only = False
        """Whether the DuckDB file that is attached cannot be written to."""

    @property
    def data_path(self) -> str:
        """The folder of the data files, with a slash at its end."""
        return f"{self.root}/tables/"

    @property
    def file(self) -> Path | None:
        """The file of a DuckDB catalogue, None for one in PostgreSQL."""
        if self.engine.is_postgres:
            return None
        if isinstance(self.root, Path):
            return self.root / self.engine.catalogue
        path = Path(self.engine.catalogue)
        if not path.is_absolute():
            raise FixTheCall(
                f"the lake is at {self.root}, where no DuckDB file can be: name one by its whole "
                "path (ducklake:/var/lib/lake.ducklake), or use PostgreSQL"
            )
        return path

    @property
    def exists(self) -> bool:
        """Whether a lake was made here: it says so itself."""
        return (self.root / FILE).exists()

    def close(self) -> None:
        """Ends the connections; the next use makes new ones."""
        with self._lock:
            self._attached = self.read_only = False
            database = self.__dict__.pop("database", None)
            if database is not None:
                database.close()

    def tables(self) -> list[str]:
        """The tables that were ever written to, in order of name."""
        with self.session() as session:
            found = session.rows(NAMES) if session else []
        return [str(row[0]) for row in found]

    def stamp(self) -> object:
        """What changes with every commit; None where there is no lake yet."""
        if self.file is None:
            with self.session() as session:
                return session.rows(NEWEST)[0][0] if session else None
        return (_stat(self.file), _stat(self.file.with_name(f"{self.file.name}.wal")))

    @contextmanager
    def session(self) -> Iterator[Session | None]:
        """A session, None where there is no lake yet; raises as `making`."""
        if not self._attached and not self.exists:
            yield None
            return
        with self.making() as session:
            yield session

    @contextmanager
    def making(self) -> Iterator[Session]:
        """A session; the lake is made if it is not there.

        Raises Retry if another process holds a DuckDB file for too long, CatalogueUnreachable.
        """
        if self.file is None:
            with self._lock:
                self._attach()
            with self.database.cursor() as cursor, self._telling():
                yield Session(cursor)
            return
        with self._lock:
            self._depth += 1
            try:
                self._attach()
                with self.database.cursor() as cursor:
                    yield Session(cursor)
            finally:
                self._depth -= 1
                if not self._depth:
                    self._detach()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            if not is_away(error):
                raise
            told = " ".join(str(error).split())
            raise CatalogueUnreachable(
                f"catalogue {self.engine} does not answer ({told}): see that it runs, then do the "
                "same again; what was committed is kept"
            ) from None

    def expect_writable(self) -> None:
        """Raises OSError, in a session, if the DuckDB file is on a disk that is read-only."""
        if self.read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    @cached_property
    def database(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB of this process in which the catalogue is attached."""
        connection = opened(self.engine)
        if "://" in self.data_path:
            reach(connection, self.data_path)
        connection.execute(f"set temp_directory = '{_quoted(self._spill())}'")
        if self.engine.encrypted:
            connection.execute("set temp_file_encryption = true")
        return connection

    def _spill(self) -> str:
        """Where rows go meanwhile that do not fit into memory; DuckDB makes and removes it.

        Nowhere, if the disk does not take them.
        """
        local = self.root if isinstance(self.root, Path) else cache_folder()
        try:
            folder = private_folder(local / "tmp")
        except OSError:
            return ""
        return str(folder / f"ducklake-{os.getpid()}-{uuid.uuid4().hex}")

    def _attach(self) -> None:
        if self._attached:
            return
        if not self.exists and isinstance(self.root, Path):
            private_folder(self.root / "tables")
        with self._one_maker():
            made = self.exists
            until = time.monotonic() + (WAIT_SECONDS if self.file else patience())
            while not self._try_to_attach(made, until):
                time.sleep(0.05)
            self._attached = True
            try:
                if not made:
                    write_engine(self.root, self.engine)
            except BaseException:  # nothing may be committed to a lake that does not say what it is
                self._detach()
                raise

    @contextmanager
    def _one_maker(self) -> Iterator[None]:
        """One at a time makes a DuckDB file: two would write over each other's, now and then."""
        file = self.file
        if self.exists or file is None or not file.parent.is_dir():
            yield
            return
        with alone_in(file.parent):
            self._remove_torn(file)
            yield

    def _remove_torn(self, file: Path) -> None:
        """Removes what one left that was killed while it made the file: nobody committed to it."""
        if not self.exists and file.is_file() and file.stat().st_size < HEADER_BYTES:
            file.unlink()

    def _try_to_attach(self, made: bool, until: float) -> bool:
        """Attaches the catalogue; False if another process holds it and it is not too late.

        That of a lake which is `made` has to be there: a new one would have none of its rows.
        """
        import duckdb

        encrypted = "encrypted, " if self.engine.encrypted else ""
        as_it_is = ", read_only" if self.read_only else ""
        try:
            self.database.execute(
                f"attach 'ducklake:{_quoted(self._target)}' as {LAKE} "
                f"(data_path '{_quoted(self.data_path)}', {encrypted}data_inlining_row_limit 0, "
                f"create_if_not_exists {not made}{as_it_is})"
            )
            return True
        except duckdb.Error as error:
            told = str(error)
            if made and not self.read_only and _REFUSED.search(told):
                self.read_only = True
                return False
            held = _HELD.search(told)
            again = held is not None or "already exists" in told or "duplicate key" in told
            if (again or is_away(error)) and time.monotonic() < until:
                return False
            if held is not None:
                raise Retry(
                    f"the catalogue {self.file} is in use by {' '.join(held[1].split())}: a DuckDB "
                    "file serves one process at a time; wait until it is done, or use PostgreSQL"
                ) from None
            if "explicitly disabled" in told:
                raise TableDamaged(
                    f"the catalogue of the lake at {self.root} is gone: restore {self.engine} from "
                    "a backup"
                ) from None
            raise CatalogueUnreachable(
                f"catalogue {self.engine}: {' '.join(told.split())}"
            ) from None

    @property
    def _target(self) -> str:
        return self.engine.catalogue if self.file is None else str(self.file)

    def _detach(self) -> None:
        if self._attached:
            self._attached = self.read_only = False
            self.database.execute(f"detach {LAKE}")


def opened(engine: Engine) -> duckdb.DuckDBPyConnection:
    """A DuckDB that can read and write the files of such a lake, and loads nothing else."""
    import duckdb

    connection = duckdb.connect(":memory:", config=dict(OFFLINE))
    connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    load(connection, "ducklake")
    if engine.encrypted:
        load(connection, "httpfs")  # only its cryptography may write
    if engine.is_postgres:
        load(connection, "postgres_scanner")
    return connection


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _quoted(text: str) -> str:
    return text.replace("'", "''")
