"""A real `dataq serve-hooks` for a bench, and a sender whose deliveries it believes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.command import DATAQ, BenchFailed

KEY = b"a key for the bench of webhooks."
PATIENCE = 600


@contextmanager
def serving(home: Path, log: Path) -> Iterator[int]:
    """Its port; the hook `bench` archives the source `tree`."""
    (home / "hooks").mkdir()
    hook = {"sources": ["tree"], "secrets": ["env:BENCH_HOOK"]}
    (home / "hooks" / "bench.yaml").write_text(json.dumps(hook))
    secret = base64.b64encode(KEY).decode()
    environment = {**os.environ, "DATAQ_HOME": str(home), "BENCH_HOOK": secret}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*DATAQ, "serve-hooks", "--port", "0"], env=environment, stderr=said
        )
    try:
        yield _port(process, log)
    finally:
        process.terminate()
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        for line in log.read_text().splitlines():
            if '"listening"' in line:
                return int(json.loads(line)["port"])
        time.sleep(0.05)
    raise BenchFailed(f"the server did not start\n{log.read_text()}")


def started(home: Path, port: int) -> tuple[float, str]:
    """Seconds until the answer, and the run's id: Dagster knows it, and it has ended."""
    answered = post(port)
    with closing(sqlite3.connect(home / "dagster" / "runs.db", timeout=60)) as db:
        if not db.execute("select 1 from runs where run_id = ?", (answered[1],)).fetchone():
            raise BenchFailed(f"Dagster does not know the run {answered[1]}")
    wait_until_idle(home)
    return answered


def post(port: int) -> tuple[float, str]:
    """Seconds until the answer, and the run's id."""
    name, when = uuid.uuid4().hex, str(int(time.time()))
    signature = hmac.digest(KEY, f"{name}.{when}.{{}}".encode(), hashlib.sha256)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": when,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }
    begun = time.perf_counter()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("POST", "/hooks/bench", b"{}", headers)
        answer = connection.getresponse()
        text = answer.read()
    seconds = time.perf_counter() - begun
    if answer.status != 202:
        raise BenchFailed(f"answered {answer.status}: {text.decode()}")
    return seconds, str(json.loads(text)["run_id"])


def wait_until_idle(home: Path) -> None:
    """Return once every run of a hook has ended; raises BenchFailed if one has failed."""
    until = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(home / "hooks" / "deliveries.sqlite", timeout=60)) as db:
        while time.monotonic() < until:
            states = {state for (state,) in db.execute("select distinct state from runs")}
            if states == {"done"}:
                return
            if states & {"failed", "lost"}:
                raise BenchFailed("a run of the hook failed")
            time.sleep(0.05)
    raise BenchFailed("the runs of the hook did not end")
