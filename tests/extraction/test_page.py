"""Several servers, set up by nothing but what docs/extraction.md says, and stores that go away."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path

import pytest

from dataq_lake.lake import open_lake
from dataq_lake.objects.path import ObjectPath
from tests.extraction.feed import FIRST, MORE
from tests.extraction.stand import TOKEN, Instance
from tests.postgres import Postgres
from tests.s3.seaweed import Seaweed
from tests.slow import eventually

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "extraction.md"
INBOX = ROOT / "examples" / "inbox"
THEIRS = re.compile(r"AWS_\w+|PG\w+|DATAQ_(JOBS|LAKE|JOBS_TOKEN)")
Make = Callable[[str], Instance]

pytestmark = pytest.mark.heavy


def block() -> list[str]:
    """The commands below "Several servers", but for the one that installs."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Several servers\n")[2]
    console = section.partition("```console\n")[2].partition("```")[0]
    install, *lines = [line.removeprefix("$ ") for line in console.splitlines()]
    (extra,) = re.findall(r"^pip install 'dataq\[(\w+)\]'$", install)
    assert any("psycopg" in line and f"'{extra}'" in line for line in requires("dataq") or ())
    return lines


def script(values: dict[str, str]) -> str:
    """The commands with our values for those of the page; each of its values is there once."""
    text = "\n".join(block())
    for theirs, ours in values.items():
        assert text.count(theirs) == 1, theirs
        text = text.replace(theirs, ours)
    return text


@pytest.fixture
def pair(
    instances: Make,
    postgres: Postgres,
    seaweed: Seaweed,
    bucket: ObjectPath,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Instance, Instance]:
    """Two servers that know of database, store and token what the page sets, and no more."""
    database, store = postgres.database(), seaweed.environment()
    user = tmp_path / "user"
    user.mkdir()
    (user / ".dataq-token").write_text(f"{TOKEN}\n")
    (user / ".pgpass").write_text(f"{postgres.folder}:*:*:dataq:{postgres.password}\n")
    (user / ".pgpass").chmod(0o600)
    settings = " ".join(f"{name}={value}" for name, value in store.items())
    values = {
        "host=db.internal dbname=dataq user=dataq": database,
        "s3://bucket/lake": str(bucket),
        "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_REGION=eu-central-1": settings,
        "dataq serve-hooks": f"exec {Path(sys.executable).parent}/dataq serve-hooks --port 0",
    }
    # What asks them here needs the same, but they must not get it from here.
    monkeypatch.setenv("DATAQ_JOBS", f"postgres:{database}")
    monkeypatch.setenv("DATAQ_LAKE", str(bucket))
    unset = [f"--unset={name}" for name in os.environ if THEIRS.fullmatch(name)]
    shell = ["env", *unset, f"HOME={user}", "bash", "-euc", script(values)]
    one, two = instances("one"), instances("two")
    for each in (one, two):
        each.command = shell
    return one, two


def names(lake: ObjectPath) -> list[str]:
    """What is in the lake of the source `feed`, one for each row."""
    rows = open_lake(lake).raw("feed").scan().collect()
    return sorted(rows["item_id"].to_list())


def test_what_the_page_says_is_enough_for_two_servers(pair: tuple[Instance, Instance]) -> None:
    one, two = pair
    for each in pair:
        each.add("inbox", plugin="file_scanner", config={"root": str(INBOX / "notes")})
        each.start()
    paths = {each.extract("inbox", idempotency_key="monday") for each in (one, two, one)}
    assert len(paths) == 1
    path = paths.pop()
    told = two.ended(path)
    assert (told["status"], told["error"]) == ("completed", None)
    assert one.task(path) == told
    assert len(one.told("task_started") + two.told("task_started")) == 1
    stored = one.stored("inbox")
    assert stored == two.stored("inbox") == told["progress"]["items"]
    assert stored == sum(file.is_file() for file in (INBOX / "notes").rglob("*"))
    for each in pair:
        assert not (each.home / "lake").exists(), "the lake is elsewhere"
        assert not (each.home / "jobs" / "jobs.sqlite").exists(), "so are the tasks"


def test_a_store_that_is_away_too_long_fails_the_task_and_the_next_does_the_rest(
    pair: tuple[Instance, Instance],
    seaweed: Seaweed,
    postgres: Postgres,
    bucket: ObjectPath,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two = pair
    with monkeypatch.context() as theirs:
        theirs.setenv("DATAQ_LAKE_SECONDS", "10")
        for each in pair:
            each.add_feed()
            each.start()
    path = one.extract("feed")
    eventually((one.folder / "waiting").exists)
    eventually(lambda: two.task(path)["progress"]["items"])
    seaweed.stop()
    try:
        two.lacks("lake")
        (one.folder / "gate").touch()
        told = two.ended(path)
    finally:
        seaweed.start()
    assert told["status"] == "failed"
    assert "does not answer" in told["error"]["message"]
    committed = names(bucket)
    assert len(committed) == told["progress"]["items"] >= FIRST - 16

    (one.folder / "waiting").unlink()
    (one.folder / "gate").unlink()
    path = two.extract("feed")
    eventually((one.folder / "waiting").exists)
    postgres.stop()
    try:
        assert one.ask("GET", path).status_code == 503
        (one.folder / "gate").touch()
    finally:
        postgres.start()
    told = one.ended(path)
    assert (told["status"], told["error"]) == ("completed", None)
    stored = names(bucket)
    assert len(stored) == len(set(stored)) == FIRST + MORE + 1
    assert set(committed) <= set(stored)
