"""Jobs over HTTP, with the server as a process, and on the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from dataq_assets.runs.jobs import Jobs
from dataq_gateway.cli import cli
from dataq_gateway.job_server import build
from tests.destinations.receiver import Receiver

TOKEN = "a-token-that-is-long-enough"
PATIENCE = 300
DATAQ = (sys.executable, "-c", "from dataq_gateway.cli import main; main()")


class Server:
    """`dataq serve-jobs`, which may be ended and started again."""

    def __init__(self, jobs: Jobs, said: Path) -> None:
        self.jobs, self.said = jobs, said
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client()

    def start(self, token: str = TOKEN) -> int | None:
        environment = {**os.environ, "DATAQ_JOBS_TOKEN": token}
        with self.said.open("wb") as said:
            argv = [*DATAQ, "serve-jobs", "--port", "0"]
            self.process = subprocess.Popen(argv, env=environment, stderr=said)
        until = time.monotonic() + PATIENCE
        while not (port := re.search(r"port (\d+)", self.said.read_text())):
            if self.process.poll() is not None:
                return self.process.returncode
            assert time.monotonic() < until
            time.sleep(0.05)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        base = f"http://127.0.0.1:{port[1]}"
        self.client.close()
        self.client = httpx.Client(base_url=base, headers=headers, timeout=PATIENCE)
        return None

    def ended(self, task: str) -> dict[str, Any]:
        """What is told of a task once it has ended; its per cent never goes back until then."""
        until = time.monotonic() + PATIENCE
        percent = 0.0
        while (now := self.client.get(task).json())["state"] in ("queued", "running"):
            assert now["percent"] >= percent
            percent = now["percent"]
            assert time.monotonic() < until
            time.sleep(0.1)
        return dict(now)

    def end(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)


@pytest.fixture
def server(jobs: Jobs, tmp_path: Path) -> Iterator[Server]:
    made = Server(jobs, tmp_path / "said")
    yield made
    made.end()
    made.client.close()


@pytest.mark.heavy
def test_a_task_outlives_the_server(server: Server, receiver: Receiver) -> None:
    assert server.start() is None
    definition = {"sources": ["notes"], "destinations": ["crm"]}
    made = server.client.post("/jobs", json={"name": "notes", "definition": definition})
    assert (made.status_code, made.json()["status"]) == (201, "idle")
    started = server.client.post("/jobs/notes/start")
    assert started.status_code == 202
    task = f"/tasks/{started.json()['id']}"
    assert server.client.post("/jobs/notes/start").status_code == 409
    server.end()
    assert server.start() is None
    now = server.ended(task)
    assert (now["state"], now["percent"], now["rows"]) == ("completed", 100, 3)
    assert now["seconds_left"] is None
    assert {"at", "level", "line"} == set(server.client.get(f"{task}/log").json()[0])
    assert server.client.get("/jobs/notes/forecast").json()["items"] == 3
    assert server.client.get("/jobs").json()[0]["last_task"]["id"] == now["id"]

    server.end()
    assert server.start() is None
    assert server.client.get(task).json() == now, "what has ended is on record for good"
    done_again = server.client.post(f"{task}/retrigger")
    assert done_again.status_code == 202
    again = server.ended(f"/tasks/{done_again.json()['id']}")
    assert (again["state"], again["retrigger_of"]) == ("completed", now["id"])
    assert server.client.delete("/jobs/notes").status_code == 204
    assert server.client.get("/jobs/notes").status_code == 404


def test_a_server_without_a_token_does_not_start(server: Server) -> None:
    assert server.start("short") == 1
    assert "DATAQ_JOBS_TOKEN" in server.said.read_text()


@pytest.fixture
def client(jobs: Jobs) -> Iterator[httpx.Client]:
    """The application without a socket."""
    from starlette.testclient import TestClient

    with TestClient(build(jobs, TOKEN)) as made:
        yield made


ROUTES = [
    ("GET", "/jobs"),
    ("POST", "/jobs"),
    ("PUT", "/jobs/x"),
    ("DELETE", "/jobs/x"),
    ("POST", "/jobs/x/start"),
    ("GET", "/tasks"),
    ("POST", "/tasks/x/stop"),
    ("POST", "/tasks/x/retrigger"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
]


SHOWN = ("", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}")


def test_nothing_is_told_without_the_token(client: httpx.Client, subtests: pytest.Subtests) -> None:
    for (method, path), shown in product(ROUTES, SHOWN):
        with subtests.test(f"{method} {path}", shown=shown):
            headers = {"Authorization": shown} if shown else {}
            answer = client.request(method, path, headers=headers)
            assert answer.status_code == 401
            assert list(answer.json()) == ["error"]


def test_a_job_is_changed_started_stopped_and_done_again(client: httpx.Client, jobs: Jobs) -> None:
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    client.post("/jobs", json={"name": "notes", "definition": {"sources": ["notes"]}})
    changed = client.put("/jobs/notes", json={"sources": ["notes"], "full": True})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)

    def stopped(started: httpx.Response) -> dict[str, Any]:
        assert started.status_code == 202
        told: dict[str, Any] = started.json()
        assert client.post(f"/tasks/{told['id']}/stop").status_code == 202
        assert jobs.wait(told["id"]).state == "stopped"
        return told

    first = stopped(client.post("/jobs/notes/start"))
    again = stopped(client.post(f"/tasks/{first['id']}/retrigger"))
    assert (again["retrigger_of"], again["version"]) == (first["id"], 2)
    listed = client.get("/tasks", params={"job": "notes"}).json()
    assert [each["id"] for each in listed] == [again["id"], first["id"]]
    assert client.get("/jobs/notes").json()["status"] == "idle"


def test_wrong_requests_are_refused(client: httpx.Client) -> None:
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    assert client.get("/health").json() == {"status": "ok"}

    def post(definition: dict[str, object], name: str = "notes") -> int:
        return client.post("/jobs", json={"name": name, "definition": definition}).status_code

    assert post({"sources": ["notes"]}, "Not A Name") == 400
    assert post({"sources": ["other"]}) == 422
    assert post({"destinations": ["other"]}) == 422
    assert post({}) == 422
    assert post({"sources": ["notes"], "command": ["sh"]}) == 422
    assert post({"sources": ["notes"], "description": "x" * 2_000_000}) == 413
    assert client.post("/jobs/other/start").status_code == 404
    assert client.get("/tasks/other").status_code == 404
    assert post({"sources": ["notes"]}) == 201
    assert post({"sources": ["notes"]}) == 409


def dataq(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == code, f"{result.output} {result.exception!r}"
    return result.stdout


@pytest.mark.heavy
def test_the_command_line(jobs: Jobs) -> None:
    assert "registered: job notes, version 1, idle" in dataq(
        "jobs", "register", "notes", "--source", "notes", "--destination", "crm"
    )
    assert "version 2" in dataq("jobs", "update", "notes", "--source", "notes")
    started = json.loads(dataq("jobs", "start", "notes", "--wait", "--json"))
    assert (started["state"], started["version"], started["items"]) == ("completed", 2, 3)
    assert "100 %" in dataq("jobs", "list")
    assert "completed" in dataq("jobs", "status", "notes")
    assert started["id"] in dataq("jobs", "tasks")
    assert "stage raw" in dataq("jobs", "task", started["id"], "--log")
    again = json.loads(dataq("jobs", "retrigger", started["id"], "--wait", "--json"))
    assert (again["state"], again["retrigger_of"]) == ("completed", started["id"])
    assert "3 items" in dataq("jobs", "forecast", "notes")
    last = json.loads(dataq("jobs", "start", "notes", "--json"))
    dataq("jobs", "stop", last["id"])
    assert jobs.wait(last["id"]).state == "stopped"
    assert "removed" in dataq("jobs", "remove", "notes")
    dataq("jobs", "register", "empty", code=2)
