"""`dataq dev` on a test's home: the real page, the real daemon, and what they have done."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterInstance, DagsterRun

from dataq_resources.home import Home

PATIENCE = 300


class Daemon:
    """What one started; `runs` and `instance` read the same records as its page."""

    process: subprocess.Popen[bytes]

    def __init__(self, home: Path, port: int, log: Path) -> None:
        self.instance = DagsterInstance.from_config(str(home / "dagster"))
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    def runs(self, asset: str | None = None) -> list[DagsterRun]:
        """The runs of an asset, all if none is named; the newest first."""
        key = dg.AssetKey(asset) if asset else None
        every = self.instance.get_runs()
        return [run for run in every if key is None or key in (run.asset_selection or ())]

    def retries(self, run_id: str) -> list[float]:
        """The seconds that steps of a run have waited before each new attempt."""
        wanted = {dg.DagsterEventType.STEP_UP_FOR_RETRY}
        found = self.instance.get_records_for_run(run_id, of_type=wanted).records
        events = [each.event_log_entry.get_dagster_event() for each in found]
        return [each.step_retry_data.seconds_to_wait or 0 for each in events]

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer of Dagster's GraphQL."""
        request = urllib.request.Request(
            f"{self.url}/graphql",
            json.dumps({"query": query, "variables": variables or {}}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        assert "errors" not in found, found["errors"]
        data: dict[str, Any] = found["data"]
        return data

    def eventually(self, look: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """What `look` finds once it finds something; fails with the daemon's last words."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if found := look():
                    return found
            except OSError:
                pass
            time.sleep(0.5)
        told = [(run.status.value, dict(run.tags)) for run in self.runs()]
        pytest.fail(f"nothing after {seconds} s; runs: {told}; {self._log.read_text()[-3000:]}")

    def close(self) -> None:
        self.instance.dispose()


@contextmanager
def serving(
    home: Path, log: Path, monkeypatch: pytest.MonkeyPatch, marts: bool = False
) -> Iterator[Daemon]:
    """`dataq dev` until the block ends, and everything that it has started."""
    monkeypatch.setenv("DATAQ_MARTS", "on" if marts else "off")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    Home(home).prepare()
    daemon = Daemon(home, port, log)
    daemon.runs()  # makes the stores, which two processes must not do at once
    words = [sys.executable, "-m", "dataq_gateway", "dev", "--port", str(port)]
    # A shell's background job ignores SIGINT, by which `dagster dev` ends its parts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with log.open("wb") as out:
        process = daemon.process = subprocess.Popen(
            words, env={**os.environ}, stdout=out, stderr=out, start_new_session=True
        )
    signal.signal(signal.SIGINT, before)
    try:
        yield daemon
    finally:
        daemon.close()
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
