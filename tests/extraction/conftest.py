"""Servers with the token set, ended whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.extraction.stand import TOKEN, Instance
from tests.postgres import Postgres

SECRET = "sesame-under-the-mat"


@pytest.fixture
def instances(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Instance]]:
    """Makes homes with servers that are not started yet."""
    monkeypatch.setenv("DATAQ_JOBS_TOKEN", TOKEN)
    monkeypatch.setenv("FEED_SECRET", SECRET)
    made: list[Instance] = []

    def make(name: str) -> Instance:
        made.append(Instance(tmp_path / name))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where jobs and tasks are kept."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("DATAQ_JOBS", f"postgres:{server.database()}")
    return str(request.param)
