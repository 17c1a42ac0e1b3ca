"""A real `dataq serve-hooks`, senders for it, and a source that runs until it is let go."""

from __future__ import annotations

import base64
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from dataq_resources.processes import is_alive
from tests.slow import SECONDS, SlowSource, eventually

KEY = b"a key for the tests of webhooks."
SECRET = "whsec_" + base64.b64encode(KEY).decode()
CONTEXT = ssl.create_default_context()  # to make one for each client takes longer than all else


def signed(
    body: bytes = b"{}", *, name: str | None = None, secret: str = SECRET, ago: float = 0
) -> dict[str, str]:
    """Headers of Standard Webhooks, as the reference library makes them."""
    name = name or uuid.uuid4().hex
    when = datetime.now(UTC) - timedelta(seconds=ago)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(when.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, when, body.decode()),
    }


class Stand:
    """A home with hooks, whose server can be started, killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.slow = SlowSource(home.parent)
        self.gate = self.slow.gate
        self.log = home.parent / "server.log"
        self.command = [sys.executable, "-m", "dataq_gateway", "serve-hooks", "--port", "0"]
        self._process: subprocess.Popen[bytes] | None = None
        (home / "hooks").mkdir()
        self.slow.declare(home / "sources")

    def hook(self, name: str, **settings: Any) -> Path:
        """A hook; its file is JSON, which is YAML."""
        file = self.home / "hooks" / f"{name}.yaml"
        file.write_text(json.dumps({"sources": ["slow"], "secrets": ["env:HOOK_KEY"], **settings}))
        return file

    def start(self) -> None:
        """A server on a port of its own; returns once it listens."""
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env={**os.environ, "HOOK_KEY": SECRET, "DATAQ_HOME": str(self.home)},
                stderr=log,
            )

        def port() -> int | None:
            assert self._process is not None
            if self._process.poll() is not None:
                pytest.fail(self.log.read_text())
            return next((e["port"] for e in self.told("listening", after=before)), None)

        self.url = f"http://127.0.0.1:{eventually(port)}"

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End the server, and every process that it started."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        for (process,) in self.rows("select process from runs where state = 'running'"):
            with suppress(ProcessLookupError):
                os.killpg(int(process.split("/")[1]), signal.SIGKILL)
            eventually(lambda name=process: not is_alive(name))

    def post(self, hook: str, body: bytes = b"{}", **headers: str | bytes) -> httpx.Response:
        """The answer to one POST, signed by Standard Webhooks unless headers are given."""
        sent: Mapping[str, str | bytes]
        sent = {k.replace("_", "-"): v for k, v in headers.items()} or signed(body)
        encoded = [(k.encode(), v if isinstance(v, bytes) else v.encode()) for k, v in sent.items()]
        url = f"{self.url}/hooks/{hook}"
        return httpx.post(url, content=body, headers=encoded, timeout=SECONDS, verify=CONTEXT)

    def told(self, event: str, *, after: int = 0) -> list[dict[str, Any]]:
        """What the log says of an event; every line that is whole has to be JSON."""
        text = self.log.read_bytes()[after:].decode()
        lines = [json.loads(line) for line in text.split("\n")[:-1] if line]
        return [line for line in lines if line["event"] == event]

    def rows(self, query: str, file: str = "hooks/deliveries.sqlite") -> list[tuple[Any, ...]]:
        """What a SQLite file of the home has."""
        path = self.home / file
        if not path.exists():
            return []
        with sqlite3.connect(path, timeout=60) as db:
            return db.execute(query).fetchall()

    def states(self) -> dict[str, str]:
        """How far each run of a hook is."""
        return dict(self.rows("select id, state from runs order by rowid"))

    def in_dagster(self) -> dict[str, str]:
        """The status of each run of a hook as Dagster's page shows it."""
        query = "select run_id, status from runs where pipeline_name like 'hook_%'"
        return dict(self.rows(query, "dagster/runs.db"))
