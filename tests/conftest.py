"""What every test may ask for: the real corpus, a home of its own, reproducible examples."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Postgres, serve

ROOT = Path(__file__).resolve().parent.parent

# Two shared cores: a deadline for one example would fail by accident, never by fault.
settings.register_profile(
    "ci",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", max_examples=2_000, deadline=None)
settings.load_profile(os.environ.get("DATAQ_HYPOTHESIS", "ci"))


def absent(what: str, reason: str) -> None:
    """Skip the test, or fail it where DATAQ_REQUIRE (comma-separated) says `what` must be there."""
    if what in os.environ.get("DATAQ_REQUIRE", "").split(","):
        pytest.fail(f"{what} is required here (DATAQ_REQUIRE) but {reason}")
    pytest.skip(f"{what}: {reason}")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real input files: DATAQ_CORPUS, or shared/data beside the checkout."""
    folder = Path(os.environ.get("DATAQ_CORPUS") or ROOT.parent / "shared" / "data")
    if not (folder / "MANIFEST.jsonl").is_file():
        absent("corpus", "no MANIFEST.jsonl in DATAQ_CORPUS or in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this test run's own."""
    yield from serve(absent)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DATAQ_HOME that only this test and its child processes use."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("DATAQ_HOME", str(folder))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return folder


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no names: compressed ones hold the time, and each process would see other tests."""
    return argname if isinstance(val, bytes) else None
