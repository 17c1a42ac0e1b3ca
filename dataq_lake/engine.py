"""Which engine a lake's tables have: what the lake says of itself, or for a new one the setting."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass

from dataq_lake.errors import FixTheCall, TableDamaged, WrongEngine
from dataq_lake.folders import private_folder
from dataq_lake.location import Location
from dataq_lake.objects.path import ObjectPath
from dataq_lake.whole_file import write_whole

SETTING = "DATAQ_TABLES"
FILE = "engine.json"
ENCRYPTED = "+encrypted"
_SECRET = re.compile(r"\bpassword\s*=|://[^/@\s]*:[^/@\s]*@", re.I)


@dataclass(frozen=True)
class Engine:
    """`kind` is delta or ducklake; `catalogue` is the latter's: a file, or `postgres:` and more.

    `encrypted` says whether the data files are; each then has a key of its own in the catalogue.
    """

    kind: str = "delta"
    catalogue: str = ""
    encrypted: bool = False

    @property
    def is_postgres(self) -> bool:
        """Whether the catalogue is in PostgreSQL."""
        return self.catalogue.startswith("postgres:")

    def __str__(self) -> str:
        """As the setting is written."""
        if self.kind == "delta":
            return self.kind
        return f"{self.kind}{ENCRYPTED if self.encrypted else ''}:{self.catalogue}"


DELTA = Engine()


def parsed(text: str) -> Engine:
    """The engine that `delta`, `ducklake:lake.ducklake` or `ducklake:postgres:dbname=…` names.

    `ducklake+encrypted:` encrypts the data files. Raises FixTheCall, also for a password: it would
    end up in the lake.
    """
    kind, _, catalogue = text.strip().partition(":")
    encrypted = kind.endswith(ENCRYPTED)
    kind = kind.removesuffix(ENCRYPTED)
    if text.strip() == "delta":
        return DELTA
    if kind != "ducklake" or not catalogue:
        raise FixTheCall(
            f"{SETTING} is {kind[:32]!r}…: write delta, ducklake:lake.ducklake or "
            "ducklake:postgres:dbname=… host=…"
        )
    if _SECRET.search(catalogue):
        raise FixTheCall(
            f"{SETTING} holds a password, which would be written into the lake: give it by "
            "PGPASSWORD, PGPASSFILE or a service file"
        )
    return Engine("ducklake", catalogue, encrypted)


def engine_of(root: Location) -> Engine:
    """The engine of the lake at `root`, or the one that a new lake there will have.

    Raises WrongEngine where the setting names another than the lake was made with.
    """
    wanted = os.environ.get(SETTING)
    asked = parsed(wanted) if wanted else None
    made = _made(root)
    if made is None:
        return asked or DELTA
    if asked is not None and asked != made:
        raise WrongEngine(
            f"{SETTING} is {asked}, but the lake at {root} was made with {made}: take the setting "
            "away, or use another DATAQ_HOME"
        )
    return made


def write_engine(root: Location, engine: Engine) -> None:
    """Notes the engine in a new lake, once and for all; raises WrongEngine if it has another."""
    text = json.dumps({"tables": str(engine)}) + "\n"
    try:
        if isinstance(root, ObjectPath):
            (root / FILE).create(text.encode())
        else:
            write_whole(private_folder(root) / FILE, text, once=True)
    except FileExistsError:
        if (made := _made(root)) != engine:
            raise WrongEngine(f"the lake at {root} was just made with {made}") from None


def _made(root: Location) -> Engine | None:
    """What the lake says; one with tables that says nothing has Delta tables."""
    try:
        told = json.loads((root / FILE).read_bytes())
        return parsed(told["tables"])
    except FileNotFoundError:
        tables = root / "tables"
        return DELTA if tables.is_dir() and any(tables.iterdir()) else None
    except (ValueError, KeyError, TypeError) as error:
        raise TableDamaged(f"{root / FILE} cannot be read ({error}): restore it") from error
