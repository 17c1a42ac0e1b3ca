"""Who asks whether the server is of use hears why it is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from dataq_gateway.commands.serve_hooks import command
from dataq_gateway.hooks.app import build
from dataq_gateway.hooks.group import Group
from dataq_gateway.hooks.reception import Reception
from dataq_gateway.hooks.starter import Starter
from dataq_gateway.hooks.store import Store


def asked(group: Group, is_alive: bool) -> tuple[int, Any]:
    """Status and reason of an answer to GET /ready."""
    starter = cast("Starter", SimpleNamespace(is_alive=is_alive))
    app = build(cast("Reception", None), group, starter)
    with TestClient(app) as client:
        answer = client.get("/ready")
    assert answer.json()["ready"] is (answer.status_code == 200)
    return answer.status_code, answer.json()["reason"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "hooks.db")


def test_a_server_that_can_keep_and_start_is_ready(store: Store) -> None:
    group = Group(store, print)
    assert asked(group, is_alive=True) == (200, None)
    assert asked(group, is_alive=False) == (503, "runs are not started")
    group.close()
    assert asked(group, is_alive=True) == (503, "deliveries cannot be kept")


def test_a_disk_that_takes_nothing_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(store, "probe", full)
    group = Group(store, print)
    assert asked(group, is_alive=True) == (503, "deliveries cannot be kept")
    group.close()


def test_nobody_else_is_listened_to_by_default() -> None:
    (host,) = (each for each in command.params if each.name == "host")
    assert host.default == "127.0.0.1"
