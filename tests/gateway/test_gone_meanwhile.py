"""A file that goes in the middle of a command: one line that names table, version and remedy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dataq_lake import lookup
from dataq_lake.cleaning import RETENTION, vacuum
from dataq_lake.errors import REPAIR
from dataq_lake.held_files import HeldFiles
from dataq_lake.lake import Lake, open_lake
from dataq_lake.objects.path import ObjectPath
from dataq_lake.table import TableHandle
from tests.gateway.rows import Command, add_rows, quarantined

COMMANDS = (
    ("sql", "select max(reason) from quarantine"),
    ("sql", "select * from quarantine", "--format", "csv"),
    ("show", "0" * 32),
    ("quarantine", "list"),
    ("quarantine", "replay", "--all"),
    ("status",),
)


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.heavy)])
def three(request: pytest.FixtureRequest, home: object, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with three rows in three files."""
    if request.param == "disk":
        lake: Lake = request.getfixturevalue("lake")
    else:
        bucket: ObjectPath = request.getfixturevalue("bucket")
        monkeypatch.setenv("DATAQ_LAKE", str(bucket))
        lake = open_lake(bucket)
    for number in range(3):
        add_rows(lake, "quarantine", quarantined(f"q{number}"))
    return lake


def cleaned_up(lake: Lake) -> None:
    """Somebody puts other rows in the place of these, and vacuums by force."""
    handle = open_lake(lake.root).table("quarantine")
    handle.clear()
    nothing = timedelta(0)
    assert vacuum(handle, nothing, nothing, datetime.now(UTC) + 2 * RETENTION).files >= 3


def lost(lake: Lake) -> None:
    open_lake(lake.root).table("quarantine").files()[2].unlink()


def once_known(lake: Lake, take: Callable[[Lake], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Has `take` happen once a command knows the table's files, and before it reads them."""
    done: list[int] = []

    def after(place: Any, name: str, of: Callable[[Any], str]) -> None:
        real = getattr(place, name)

        def wrapped(*args: Any, **more: Any) -> Any:
            found = real(*args, **more)
            if of(args[0]) == "quarantine" and not done:
                done.append(1)
                take(lake)
            return found

        monkeypatch.setattr(place, name, wrapped)

    after(HeldFiles, "__call__", lambda held: held.table)  # then Polars reads
    for place, name in ((TableHandle, "relation"), (lookup, "_stored")):  # then DuckDB does
        after(place, name, lambda handle: handle.name)


@pytest.mark.parametrize("take", [cleaned_up, lost])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_it_is_told_in_one_line(
    three: Lake,
    dataq: Command,
    words: tuple[str, ...],
    take: Callable[[Lake], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = three.table("quarantine").version()
    once_known(three, take, monkeypatch)
    told = dataq(*words)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1), told
    if take is lost:
        newest = f"it belongs to its newest version, {version}, but is gone"
        assert f"of table quarantine cannot be read: {newest}" in told.stderr
        assert REPAIR in told.stderr
    else:
        assert f"error: version {version} of table quarantine was cleaned up" in told.stderr
        assert "ask again, or open the table again" in told.stderr
