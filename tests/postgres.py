"""A PostgreSQL of the tests' own, where one is installed: on a socket in a private folder."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

USERS = ("postgres", "nobody")
PR_SET_PDEATHSIG = 1
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
}
LASTING = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
START_SECONDS = 180


def binaries() -> Path | None:
    """The folder with initdb and postgres: of PATH, or where Debian puts them."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    for found in (shutil.which("initdb"), *installed):
        folder = Path(found).resolve().parent if found else None
        if folder and (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder
    return None


class Postgres:
    """A server that ends with this process, however that ends; its password is in PGPASSWORD."""

    def __init__(self, folder: Path, programs: Path, lasting: bool = False) -> None:
        """A `lasting` one has what it has committed also after a crash."""
        self.folder = folder
        self._lasting = lasting
        self._settings = SETTINGS | LASTING if lasting else SETTINGS
        self.password = secrets.token_hex(16)
        self._programs = programs
        self._user = _other_user()
        self._made = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Makes a cluster, or takes up that of before, and waits until it answers."""
        if not (self.folder / "data").exists():
            self._make()
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        self._process = self._run(["postgres", "-D", "data", "-k", str(self.folder), *settings])
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                return self._execute("select 1")
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def _make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        if self._user:
            for path in (self.folder, secret):
                shutil.chown(path, self._user)
        initdb = ["initdb", "-D", "data", "-U", "dataq", "-A", "scram-sha-256", "--no-sync"]
        self._run([*initdb, "--pwfile", "password"]).communicate()

    def stop(self) -> None:
        """Ends the server at once, with whoever is connected; a lasting one as a crash does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if self._lasting else signal.SIGINT)
            self._process.wait(START_SECONDS)
            self._process = None

    def database(self) -> str:
        """How to connect to a new, empty database, but for the password."""
        name = f"test_{self._made}"
        self._made += 1
        self._execute(f"create database {name}")
        return f"dbname={name} {self._address}"

    def forget_databases(self) -> None:
        """Puts empty ones in the place of all databases made so far."""
        for number in range(self._made):
            self._execute(f"drop database test_{number} with (force)")
            self._execute(f"create database test_{number}")

    @property
    def _address(self) -> str:
        return f"host={self.folder} user=dataq"

    def _execute(self, text: str) -> None:
        where = f"dbname=postgres {self._address}"
        with psycopg.connect(where, password=self.password, autocommit=True) as connection:
            connection.execute(text)  # type: ignore[call-overload]

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        other: dict[str, Any] = {}
        if self._user:
            entry = pwd.getpwnam(self._user)
            other = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        with open(self.folder / "log", "ab") as log:
            return subprocess.Popen(
                [str(self._programs / command[0]), *command[1:]],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - calls one function of C
                **other,
            )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _other_user() -> str | None:
    """PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in USERS if name in names)


def serve(absent: Callable[[str, str], None], lasting: bool = False) -> Iterator[Postgres]:
    """The server, with its password in the environment; `absent` is told where there is none."""
    programs = binaries()
    if programs is None:
        absent("postgres", "neither in PATH nor in /usr/lib/postgresql is there an initdb")
        return
    folders = tempfile.TemporaryDirectory(prefix="dataq-pg-")
    with folders as folder, pytest.MonkeyPatch.context() as patch:
        server = Postgres(Path(folder), programs, lasting)
        patch.setenv("PGPASSWORD", server.password)
        try:
            server.start()
            yield server
        finally:
            server.stop()
