"""The dbt project that ships with DataQ, and what dbt makes of it in one home."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from dataq_assets.modeling.errors import BrokenProject, InstallDbt
from dataq_resources.home import Home
from dataq_resources.locks import locked

PREFIX = "marts"
NEEDED = ("dbt-core", "dbt-duckdb", "dagster-dbt")
INSTALL = (
    "pip install dagster-dbt==0.29.27 'dbt-core>=1.11,<1.12' dbt-duckdb==1.11.1"
    " && pip install 'pathspec>=1.1'"
)
"""Two steps, for dbt-core names an older pathspec than it can do with, and than DataQ needs."""
QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "DBT_LOG_LEVEL_FILE": "info",
    "DBT_LOG_FORMAT_FILE": "text",
    "DBT_INDIRECT_SELECTION": "cautious",
}
"""dbt tells nobody that it runs, writes down no more than what it did, and tests only what a
build of a few models can be held to."""


class Mart(NamedTuple):
    """A table that was built, how many rows it has, and what a row is."""

    name: str
    rows: int
    doc: str


class Freshness(NamedTuple):
    """How old the newest row of a table is: pass, warn or error, as its bounds in dbt say."""

    table: str
    status: str
    newest_at: str | None
    age_seconds: float | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Freshness:
        """As dbt's sources.json has it; a table that cannot be judged is an error."""
        status = told["status"] if told["status"] in ("pass", "warn") else "error"
        newest, age = told.get("max_loaded_at"), told.get("max_loaded_at_time_ago_in_s")
        return cls(str(told["unique_id"]).rpartition(".")[2], status, newest, age)


def installed() -> bool:
    """Whether dbt is here; it does not have to be."""
    try:
        return all(map(version, NEEDED))
    except PackageNotFoundError:
        return False


def expect_installed() -> None:
    """Raises InstallDbt where dbt is missing."""
    if not installed():
        raise InstallDbt(f"dbt is not installed: {INSTALL}")


@dataclass(frozen=True)
class MartsProject:
    """The marts of one home: everybody reads `home.marts_file`, dbt builds `draft`."""

    home: Home

    @property
    def folder(self) -> Path:
        """Where the models are: in the package, or at the top of a checkout."""
        package = Path(__file__).parents[1]
        packed = package / "dbt_project"
        return packed if packed.is_dir() else package.parent / "dbt_project"

    @property
    def draft(self) -> Path:
        """The marts while they are built; dbt calls the database by the name of its file."""
        return self.home.marts / "draft" / self.home.marts_file.name

    @property
    def target(self) -> Path:
        """What dbt writes about the project: manifest.json among others."""
        return self.home.marts / "target"

    @property
    def manifest(self) -> Path:
        """What dbt knows of the project."""
        return self.target / "manifest.json"

    def variables(self) -> str:
        """What profiles.yml has to be told, the same for every command, or dbt starts over."""
        return json.dumps({"home": str(self.home.path), "file": str(self.draft)})

    def environment(self) -> dict[str, str]:
        """For a dbt that writes below the home and nowhere else."""
        return {
            **QUIET,
            "DBT_LOG_PATH": str(self.target),
            "DBT_TARGET_PATH": str(self.target),
        }

    def prepare(self) -> None:
        """Has dbt read the project where that has changed; raises InstallDbt, BrokenProject."""
        expect_installed()
        with locked(self.home.marts, "prepare"):
            seen, now = self.target / "prepared.txt", self._digest()
            if self.manifest.is_file() and seen.is_file() and seen.read_text() == now:
                return
            self.run("parse")
            seen.write_text(now)

    def run(self, *words: str) -> None:
        """Runs a command of dbt to its end; raises BrokenProject with what dbt says."""
        self.target.mkdir(parents=True, exist_ok=True, mode=0o700)
        done = subprocess.run(
            [dbt(), "--quiet", *words, *self.places(), "--vars", self.variables()],
            env={**os.environ, **self.environment()},
            cwd=self.home.marts,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BrokenProject(f"dbt {words[0]} failed: {done.stdout.strip() or done.stderr}")

    def freshness(self) -> list[Freshness]:
        """How old each table of the lake is that has a bound; raises BrokenProject, InstallDbt."""
        self.prepare()
        told = self.target / "sources.json"
        told.unlink(missing_ok=True)
        with self.drafting():
            try:
                self.run("source", "freshness", "--output", str(told))
            except BrokenProject:  # it ends badly, too, where a table is older than it may be
                if not told.is_file():
                    raise
        return [Freshness.of(each) for each in json.loads(told.read_text())["results"]]

    def places(self) -> Sequence[str]:
        """Where dbt finds the project and its profile."""
        return ("--project-dir", str(self.folder), "--profiles-dir", str(self.folder))

    @contextmanager
    def drafting(self, empty: bool = False) -> Iterator[None]:
        """A draft to build in: a copy of what is published, or empty; gone at the end."""
        with locked(self.home.marts, "build"):
            shutil.rmtree(self.draft.parent, ignore_errors=True)  # of a process that was killed
            self.draft.parent.mkdir(parents=True, mode=0o700)
            try:
                if self.home.marts_file.is_file() and not empty:
                    shutil.copyfile(self.home.marts_file, self.draft)
                yield
            finally:
                shutil.rmtree(self.draft.parent, ignore_errors=True)

    def publish(self) -> None:
        """Puts the draft in the place of what is published; who reads that reads on."""
        import duckdb

        with duckdb.connect(str(self.draft)) as connection:
            connection.execute("checkpoint")  # all of it in the one file
        self.draft.chmod(0o600)
        self.draft.replace(self.home.marts_file)

    def published(self) -> list[Mart]:
        """The marts as everybody reads them, in order of name; none before they are built."""
        import duckdb

        if not self.home.marts_file.is_file():
            return []
        tables = "select table_name, comment from duckdb_tables() where schema_name = 'main'"
        with duckdb.connect(str(self.home.marts_file), read_only=True) as connection:
            return [
                Mart(name, connection.table(name).count("*").fetchall()[0][0], doc or "")
                for name, doc in connection.execute(f"{tables} order by 1").fetchall()
            ]

    def _digest(self) -> str:
        digest = hashlib.sha256(self.variables().encode())
        for package in NEEDED:
            digest.update(f"{package} {version(package)}".encode())
        for path in sorted(filter(Path.is_file, self.folder.rglob("*"))):
            digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()


def dbt() -> str:
    """The program dbt of this Python, or that on PATH."""
    beside = Path(sysconfig.get_path("scripts")) / "dbt"
    found = str(beside) if beside.is_file() else shutil.which("dbt")
    if found is None:
        raise InstallDbt(f"the program dbt is not on PATH, nor beside {sys.executable}")
    return found
