"""`dataq destinations` and `dataq deliver`, as a person types them, on a home with rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataq_gateway.cli import cli
from dataq_lake.lake import Lake, open_lake
from tests.destinations.conftest import add_items
from tests.destinations.copying import TABLE, put, reasons, take
from tests.destinations.receiver import Receiver

# Dagster's own affair: it uses what it has deprecated.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("DATAQ_HOME", str(tmp_path / "home"))
    return open_lake(tmp_path / "home" / "lake")


def dataq(*words: str, code: int = 0) -> Any:
    result: Result = CliRunner().invoke(cli, [*words, "--json"])
    assert result.exit_code == code, f"{result.output} {result.exception!r}"
    return json.loads(result.stdout)


def add(receiver: Receiver, *more: str) -> Any:
    return dataq(
        *("destinations", "add", "crm", "--plugin", "http_api", "--table", "items"),
        *("--config", f"url={receiver.url}", "--config", "allow_private=true"),
        *("--config", "backoff_seconds=0.01", "--batch-rows", "10", *more),
    )


def test_from_adding_to_replaying(lake: Lake, receiver: Receiver, tmp_path: Path) -> None:
    ids = add_items(lake, 0, 30)
    added = add(receiver)
    assert added["config"]["allow_private"] is True
    assert Path(added["path"]).stat().st_mode & 0o077 == 0
    assert dataq("destinations", "check") == [{"name": "crm", "error": None}]

    receiver.refuses = lambda rows: 422 if rows[0]["item_id"] == ids[20] else None
    told = dataq("deliver")
    assert told["ok"]
    assert told["destinations"] == {"crm": {"delivered": 20, "dead": 10, "waiting": 0}}
    (dead,) = dataq("destinations", "deliveries", "crm", "--state", "dead")
    assert dead["reason"].startswith("the receiver answered 422")

    assert dataq("destinations", "replay", "crm", dead["id"]) == {"replay": [dead["id"]]}
    receiver.refuses = lambda rows: None
    told = dataq("deliver", "crm")
    assert told["destinations"] == {"crm": {"delivered": 30, "dead": 0, "waiting": 0}}
    assert receiver.ids() == ids
    sent = [each.headers.get("idempotency-key") for each in receiver.requests]
    assert sent.count(dead["id"]) == 2

    assert "removed" in dataq("destinations", "remove", "crm")
    assert dataq("destinations", "list") == []
    add(receiver)
    dataq("deliver")
    assert receiver.ids() == ids


def test_changes_are_asked_for_on_the_command_line(lake: Lake, receiver: Receiver) -> None:
    put(lake, {"a": "1", "b": "1"})
    added = dataq(
        *("destinations", "add", "copy", "--plugin", "http_api", "--table", TABLE, "--changes"),
        *("--config", f"url={receiver.url}", "--config", "allow_private=true"),
    )
    assert added["changes"] is True
    dataq("deliver")
    take(lake, "b")
    dataq("deliver")
    assert reasons(receiver.taken) == {"a": "1"}
    assert dataq("destinations", "deliveries", "copy")[0]["rows"] == 1


def test_a_receiver_that_is_away_fails_the_command(lake: Lake, receiver: Receiver) -> None:
    add_items(lake, 0, 30)
    add(receiver, "--config", "attempts=1", "--config", "breaker_seconds=0")
    receiver.refuses = lambda rows: 500
    told = dataq("deliver", code=1)
    assert told["destinations"] == {"crm": {"delivered": 0, "dead": 0, "waiting": 30}}
    (failure,) = told["failures"]
    assert failure["reason"].startswith("destination crm, plugin http_api, deliver: it takes")


def test_rows_of_a_question(lake: Lake, receiver: Receiver) -> None:
    ids = add_items(lake, 0, 30)
    query = "select item_id as id, upper(source) as who from items where text_length >= 25"
    add(receiver, "--query", query, "--key", "id")
    dataq("deliver")
    assert sorted(receiver.ids("id")) == ids[25:]
    assert receiver.taken[0] == {"id": receiver.taken[0]["id"], "who": "ORCHARD"}
    add_items(lake, 50, 2)
    dataq("deliver")
    assert len(receiver.taken) == 7


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--config", "token=abc"), "secret"),
        (("--table", "nothing"), "no table 'nothing'"),
        (("--table", "embeddings"), "no single key"),
        (("--batch-rows", "-1"), "batch_rows"),
        (("--batch-rows", "0"), "batch_rows"),
        (("--query", "select 1 as x from items"), "no column item_id"),
        (("--config", "allow_private=false"), "allow_private"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_written(
    lake: Lake, receiver: Receiver, tmp_path: Path, words: tuple[str, ...], reason: str
) -> None:
    add_items(lake, 0, 1)
    base = ["destinations", "add", "crm", "--plugin", "http_api", "--table", "items"]
    base += ["--config", f"url={receiver.url}", "--config", "allow_private=true"]
    result = CliRunner().invoke(cli, [*base, *words])
    assert result.exit_code != 0
    assert reason in f"{result.output} {result.exception}"
    assert not (tmp_path / "home" / "destinations").exists()


def test_destinations_are_among_the_plugins() -> None:
    offered = {each["name"]: each["capabilities"] for each in dataq("plugins", "list")}
    takers = {name for name, operations in offered.items() if "deliver" in operations}
    assert takers == {"http_api", "jsonl_files", "parquet_files"}


def test_a_key_that_is_null_is_refused(lake: Lake, receiver: Receiver) -> None:
    add_items(lake, 0, 5)
    add(receiver, "--query", "select language as id, title from items", "--key", "id")
    (failure,) = dataq("deliver", code=1)["failures"]
    assert "id is null in some rows" in failure["reason"]
    assert receiver.taken == []


def test_a_broken_file_costs_only_its_destination(lake: Lake, receiver: Receiver) -> None:
    add_items(lake, 0, 5)
    path = Path(add(receiver)["path"])
    path.with_name("other.yaml").write_text("plugin: http_api\ntable: items\nbatch_rows: 0\n")
    told = dataq("deliver", code=1)
    assert told["destinations"]["crm"]["delivered"] == 5
    assert "other.yaml:3: batch_rows" in told["failures"][0]["reason"]
