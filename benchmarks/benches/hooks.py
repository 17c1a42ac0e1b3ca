"""A webhook until it is answered with its run's id: each starts a run, and a burst of them."""

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
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.command import DATAQ, BenchFailed
from benchmarks.homes import make_home
from benchmarks.measure import Bar, Measure, median
from benchmarks.setting import Setting
from benchmarks.trees import files

STARTS, BURST, SENDERS = 20, 1_000, 50
KEY = b"a key for the bench of webhooks."
PATIENCE = 600
BAR = Bar(500, "most")


def run(setting: Setting) -> list[Measure]:
    """Return the 95th percentile of both, and how many runs the burst made."""
    starts, burst = setting.scaled(STARTS, 3), setting.scaled(BURST, 50)
    with setting.folder("hooks") as folder:
        files(folder / "tree", 20)
        home = make_home(folder / "home", folder / "tree")
        with _server(home, folder / "log") as port:
            alone = [_started(home, port) for _ in range(starts)]
            begun = time.perf_counter()
            with ThreadPoolExecutor(SENDERS) as senders:
                many = list(senders.map(lambda _: _post(port), range(burst)))
            seconds = time.perf_counter() - begun
            _wait_until_idle(home)
    runs = len({run_id for _, run_id in many})
    note = (
        "From the first byte sent to the answer read, on a connection of its own; the run is "
        "then in Dagster's storage. One delivery at a time, each when the run before has ended."
    )
    return [
        _figure("webhook accepted → run id, p95", [each for each, _ in alone], note, BAR),
        _figure(
            "webhook accepted → run id in a burst, p95",
            [each for each, _ in many],
            f"{burst:,} by {SENDERS} at a time, all answered within {seconds:.2f} s; {runs} runs.",
        ),
    ]


def _figure(name: str, seconds: list[float], note: str, bar: Bar | None = None) -> Measure:
    ordered = [each * 1000 for each in sorted(seconds)]
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    ours = f"median {median(ordered):.0f} ms, most {ordered[-1]:.0f} ms"
    return Measure(name, p95, "ms", bar, ours, "", tuple(ordered), note)


@contextmanager
def _server(home: Path, log: Path) -> Iterator[int]:
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


def _started(home: Path, port: int) -> tuple[float, str]:
    """One delivery and its run, to the end."""
    answered = _post(port)
    with closing(sqlite3.connect(home / "dagster" / "runs.db", timeout=60)) as db:
        if not db.execute("select 1 from runs where run_id = ?", (answered[1],)).fetchone():
            raise BenchFailed(f"Dagster does not know the run {answered[1]}")
    _wait_until_idle(home)
    return answered


def _post(port: int) -> tuple[float, str]:
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


def _wait_until_idle(home: Path) -> None:
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
