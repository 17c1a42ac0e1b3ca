"""What is asked wrongly, by whom, and too often; and what there is to see of many tasks."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from starlette.testclient import TestClient

from dataq_assets.runs.dispatching import Dispatcher
from dataq_assets.runs.jobs import Jobs
from dataq_gateway.commands.serve_hooks import command
from dataq_gateway.extraction import service as behind
from dataq_gateway.extraction.service import Look, Service
from dataq_gateway.hooks.app import build
from dataq_gateway.hooks.group import Group
from dataq_gateway.hooks.reception import Reception
from dataq_gateway.hooks.starter import Starter
from dataq_gateway.hooks.store import Store
from dataq_resources.home import Home
from dataq_resources.jobs import waiting
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.waiting import Waiting
from dataq_resources.sources import SourceConfig, write_source
from tests.extraction.stand import BEARER, TOKEN

TASK = "/tasks/00000000-0000-0000-0000-000000000000"
Given = dict[str, Any]


@pytest.fixture
def jobs(home: Path) -> Jobs:
    made = Home(home)
    made.prepare()
    for name in ("notes", "mail"):
        config = {"root": str(home)}
        write_source(made, SourceConfig(name=name, plugin="file_scanner", config=config))
    return Jobs(made)


@pytest.fixture
def dispatcher() -> SimpleNamespace:
    """One that begins nothing, and counts how often it was woken."""
    woken: list[int] = []
    return SimpleNamespace(is_alive=True, wake=lambda: woken.append(1), woken=woken)


@pytest.fixture
def client(
    jobs: Jobs, dispatcher: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    monkeypatch.setattr(behind, "READY_SECONDS", 60.0)
    group = Group(Store(jobs.home.path / "hooks"), print)
    starter = cast("Starter", SimpleNamespace(is_alive=True))
    service = Service(jobs, cast("Dispatcher", dispatcher), TOKEN)
    app = build(cast("Reception", None), group, starter, service)
    with TestClient(app, headers=BEARER, raise_server_exceptions=True) as made:
        yield made
    group.close()


def said(answer: httpx.Response) -> str:
    """The one line that a refusal has."""
    assert list(answer.json()) == ["error"]
    return str(answer.json()["error"])


def test_nothing_is_told_without_the_token(client: httpx.Client) -> None:
    routes = [
        ("POST", "/extract"),
        ("GET", "/tasks"),
        ("GET", TASK),
        ("DELETE", TASK),
        ("POST", f"{TASK}/cancel"),
    ]
    shown = ("", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", "Bearer \xe9")
    for (method, path), words in itertools.product(routes, shown):
        headers = [(b"authorization", words.encode("latin-1"))]
        answer = client.request(method, path, headers=headers)
        assert (answer.status_code, said(answer)) == (401, "the token is missing or wrong")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/health", headers={"authorization": ""}).json() == {"status": "ok"}
    assert client.get("/openapi.json").status_code == 404


WRONG: list[tuple[Given | list[Any], int, str]] = [
    ([], 422, "valid dictionary"),
    ({}, 422, "source: Field required"),
    ({"source": "other"}, 404, "no source is called"),
    ({"source": "../notes"}, 404, "no source is called"),
    ({"source": 1}, 422, "source: "),
    ({"source": "notes", "command": ["sh"]}, 422, "command: Extra inputs are not permitted"),
    ({"source": "notes", "config": {"root": "/"}}, 422, "config: Extra inputs"),
    ({"source": "notes", "partition": "soon"}, 422, "no monthly window: write one like"),
    ({"source": "notes", "partition": "9999-01"}, 422, "there is no window 9999-01"),
    ({"source": "notes", "from": "1066-10"}, 422, "there is no window 1066-10"),
    ({"source": "notes", "from": "2020-02", "to": "2020-01"}, 422, "comes after"),
    ({"source": "notes", "from": "2020-02", "partition": "2020-02"}, 422, "in one way"),
    ({"source": "notes", "partitions": []}, 422, "partitions: "),
    ({"source": "notes", "partitions": ["2020-01", "x"]}, 422, "no monthly window"),
    ({"source": "notes", "priority": 101}, 422, "priority: "),
    ({"source": "notes", "priority": "high"}, 422, "priority: "),
    ({"source": "notes", "idempotency_key": "x" * 256}, 422, "idempotency_key: "),
]


@pytest.mark.parametrize(("body", "status", "reason"), WRONG)
def test_what_is_asked_wrongly_is_refused_with_the_reason(
    client: httpx.Client, dispatcher: SimpleNamespace, body: Given, status: int, reason: str
) -> None:
    answer = client.post("/extract", json=body)
    assert (answer.status_code, reason in said(answer)) == (status, True), answer.text
    assert client.get("/tasks").json() == {"tasks": [], "next": None}
    assert not dispatcher.woken


def test_bodies_that_are_none(client: httpx.Client) -> None:
    for body in (b"", b"{", b"\xff", b"[" * 50_000):
        assert client.post("/extract", content=body).status_code == 400
    long = json.dumps({"source": "notes", "partition": "x" * 200_000}).encode()
    assert client.post("/extract", content=long).status_code == 413
    streamed = client.post("/extract", content=iter([long]))
    assert streamed.status_code == 413, "also where its length is not announced"
    assert client.get("/extract").status_code == 405


ASKED: list[tuple[Given, list[list[str]]]] = [
    ({}, []),
    ({"from": "2020-01", "to": "2020-03"}, [["2020-01", "2020-03"]]),
    ({"from": "2020-01"}, [["2020-01", ""]]),
    ({"to": "2020-01"}, [["", "2020-01"]]),
    ({"from": "2020-01-15", "to": "2020-03-31T23:30:00-02:00"}, [["2020-01", "2020-04"]]),
    ({"partition": "2020-01"}, [["2020-01", "2020-01"]]),
    (
        {"partitions": ["2020-05", "2020-01", "2020-02", "2020-01"]},
        [["2020-01", "2020-02"], ["2020-05", "2020-05"]],
    ),
]


@pytest.mark.parametrize(("asked", "windows"), ASKED)
def test_windows_may_be_named_in_several_ways(
    client: httpx.Client, asked: Given, windows: list[list[str]]
) -> None:
    answer = client.post("/extract", json={"source": "notes", **asked})
    assert answer.status_code == 202, answer.text
    assert client.get(answer.json()["url"]).json()["request"]["windows"] == windows


def test_a_key_is_one_task_and_is_not_for_another(
    client: httpx.Client, dispatcher: SimpleNamespace
) -> None:
    body = {"source": "notes", "from": "2020-01"}
    first = client.post("/extract", json=body, headers={"Idempotency-Key": "k"})
    again = client.post("/extract", json={**body, "idempotency_key": "k"})
    assert first.json() == again.json()
    assert first.json()["status"] == "pending"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = client.post("/extract", json={"source": "mail"}, headers={"Idempotency-Key": "k"})
    assert (other.status_code, first.json()["task_id"] in said(other)) == (422, True)
    two = client.post(
        "/extract", json={**body, "idempotency_key": "k"}, headers={"Idempotency-Key": "l"}
    )
    assert two.status_code == 422
    assert len(client.get("/tasks").json()["tasks"]) == 1
    assert len(dispatcher.woken) == 2


def test_tasks_are_listed_by_pages_while_more_come(client: httpx.Client) -> None:
    made = [
        client.post("/extract", json={"source": name}).json()["task_id"]
        for name in ("notes", "mail", "notes", "notes", "mail")
    ]
    seen, cursor = [], None
    while True:
        given = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = client.get("/tasks", params=given).json()
        seen += [each["task_id"] for each in page["tasks"]]
        client.post("/extract", json={"source": "notes"})
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1], "each once, and what came meanwhile is on the first page"

    def ids(**params: str) -> list[str]:
        found = client.get("/tasks", params=params).json()["tasks"]
        return [each["task_id"] for each in found]

    assert ids(source="mail") == [made[4], made[1]]
    assert client.delete(f"/tasks/{made[1]}").json()["status"] == "cancelled"
    assert ids(status="cancelled") == [made[1]]
    assert ids(status="pending", source="mail") == [made[4]]
    assert ids(source="\0") == ids(status="failed") == []
    for wrong in ("status=queued", "cursor=x", "cursor=WzFd", "limit=0", "limit=1001", "limit=x"):
        assert said(client.get(f"/tasks?{wrong}")), wrong
        assert client.get(f"/tasks?{wrong}").status_code == 422


def test_what_is_not_there_or_over_cannot_be_cancelled(client: httpx.Client) -> None:
    for method, path in (("GET", TASK), ("DELETE", TASK), ("POST", f"{TASK}/cancel")):
        assert client.request(method, path).status_code == 404
    assert client.get("/tasks/%00").status_code == 404
    url = client.post("/extract", json={"source": "notes"}).json()["url"]
    assert client.post(f"{url}/cancel").json()["finished_at"]
    over = client.post(f"{url}/cancel")
    assert (over.status_code, "it is stopped" in said(over)) == (409, True)


def test_when_too_many_wait_it_says_so_and_is_not_ready(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST_WAITING", 1)
    monkeypatch.setattr(behind, "MOST_WAITING", 1)
    assert client.get("/ready").json()["missing"] == {}
    monkeypatch.setattr(behind, "FRESH_SECONDS", 0.0)
    url = client.post("/extract", json={"source": "notes"}).json()["url"]
    more = client.post("/extract", json={"source": "notes"})
    assert (more.status_code, more.headers["retry-after"]) == (429, "10")
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, {"queue": "as many wait as may"})
    client.delete(url)
    assert client.get("/ready").status_code == 200


def test_who_asks_whether_it_is_ready_hears_what_is_missing(
    client: httpx.Client,
    jobs: Jobs,
    dispatcher: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(behind, "FRESH_SECONDS", 0.0)
    dispatcher.is_alive = False
    shutil.rmtree(jobs.home.path / "lake")
    answer = client.get("/ready").json()
    assert answer["missing"] == {"lake": "its folder is gone", "queue": "tasks are not begun"}
    assert (answer["ready"], answer["reason"]) == (False, "its folder is gone")
    (jobs.home.path / "jobs" / "jobs.sqlite").write_bytes(b"no such file at all" * 100)
    assert "tasks" in client.get("/ready").json()["missing"]


def test_what_does_not_answer_is_told_and_looked_at_once(
    client: httpx.Client, jobs: Jobs, dispatcher: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "READY_SECONDS", 0.05)
    monkeypatch.setattr(behind, "FRESH_SECONDS", 600.0)
    go, looks = threading.Event(), []

    def slow() -> None:
        looks.append(1)
        go.wait(60)

    service = Service(jobs, cast("Dispatcher", dispatcher), TOKEN)
    service.looks = {"lake": Look(slow), "tasks": Look(lambda: None)}
    assert service.looks["tasks"].begun().result(60) is None
    assert [service.missing() for _ in range(3)] == [{"lake": "it does not answer"}] * 3
    assert len(looks) == 1
    go.set()


def test_a_task_of_a_job_is_told_in_the_same_words(client: httpx.Client, jobs: Jobs) -> None:
    from dataq_resources.jobs.definition import JobDefinition

    jobs.register("both", JobDefinition(sources=("notes", "mail")))
    with JobStore(jobs.home) as store:
        task = store.add_task(store.job("both"))
        store.end(task.id, "failed", "why", error_type="Odd", trace="where")
        assert Waiting(store).take(["notes"], "me") is None, "no server begins it"
    told = client.get(f"/tasks/{task.id}").json()
    assert (told["job"], told["source"], told["status"]) == ("both", None, "failed")
    assert told["error"] == {"type": "Odd", "message": "why", "trace": "where"}
    (listed,) = client.get("/tasks", params={"status": "failed"}).json()["tasks"]
    assert listed == {**told, "error": {"type": "Odd", "message": "why"}}


def test_nobody_else_is_listened_to_by_default() -> None:
    (host,) = (each for each in command.params if each.name == "host")
    assert host.default == "127.0.0.1"
