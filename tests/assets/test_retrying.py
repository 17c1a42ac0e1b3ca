"""A source that fails for a while is tried again within its run, in growing distances."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dataq_assets.definitions import build
from dataq_assets.retrying import IMPATIENT, retry_of
from dataq_assets.runs.launch import open_instance
from dataq_lake.lake import open_lake
from dataq_plugins.errors import (
    ConfigError,
    LimitExceeded,
    OperationFailed,
    PluginCancelled,
    PluginCrashed,
    PluginError,
    PluginSilent,
    ProtocolViolated,
    SourceUnreachable,
)
from dataq_resources.errors import FixSource
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, read_source, write_source
from dataq_resources.triggers import RetrySetting

# Its source is away until it has been asked as often as the file `away` has bytes.
FALTERING = """\
from dataclasses import dataclass
from pathlib import Path
from dataq_plugins.sdk import Item, Plugin, State, Unreachable, serve

@dataclass(frozen=True)
class Settings:
    away: Path

class Faltering(Plugin[Settings]):
    id = "faltering"

    def extract(self, window, state, full):
        yield Item("first.txt", b"A heron.")
        yield State(b"1")
        if left := self.config.away.read_bytes():
            self.config.away.write_bytes(left[1:])
            raise Unreachable("the orchard does not answer")
        yield Item("second.txt", b"A spider.")

serve(Faltering)
"""
SECONDS = 0.2


@dataclass(frozen=True)
class Orchard:
    """A home with a source that fails for a while, and what its runs have come to."""

    place: Home
    instance: dg.DagsterInstance
    folder: Path

    def declare(self, failures: int, retries: RetrySetting) -> Path:
        """The source's file; it fails as often as said."""
        (self.folder / "faltering.py").write_text(FALTERING)
        (self.folder / "away").write_bytes(b"." * failures)
        source = SourceConfig(
            name="orchard",
            command=(sys.executable, str(self.folder / "faltering.py")),
            config={"away": str(self.folder / "away")},
            window="yearly",
            since="2026-01-01",
            retries=retries,
        )
        return write_source(self.place, source)

    def extract(self, **tags: str) -> tuple[bool, list[float], str]:
        """Whether a run went well, the seconds before each new attempt, and why it failed."""
        job = build(self.place).resolve_implicit_global_asset_job_def()
        result = job.get_subset(asset_selection={dg.AssetKey("raw_orchard")}).execute_in_process(
            instance=self.instance, partition_key="2026", tags=tags, raise_on_error=False
        )
        waited, reason = [], ""
        for event in result.all_events:
            if event.event_type is dg.DagsterEventType.STEP_UP_FOR_RETRY:
                waited.append(event.step_retry_data.seconds_to_wait or 0)
            elif event.is_step_failure:
                failure: Any = event.step_failure_data.user_failure_data
                reason = failure.description
        return result.success, waited, reason

    def stored(self) -> list[str]:
        """What is in raw, in order of name."""
        rows = open_lake(self.place.lake).raw("orchard").scan(["source_id"]).collect()
        return sorted(rows["source_id"])


@pytest.fixture
def orchard(home: Path, tmp_path: Path) -> Iterator[Orchard]:
    with open_instance(Home(home)) as instance:
        yield Orchard(Home(home), instance, tmp_path)


def test_a_source_that_fails_twice_ends_in_one_good_run(orchard: Orchard) -> None:
    orchard.declare(2, RetrySetting(times=3, seconds=SECONDS))
    good, (first, second), _ = orchard.extract()
    assert good
    assert 0 <= first <= 2 * SECONDS, "once the delay, less or more by up to one"
    assert 2 * SECONDS <= second <= 4 * SECONDS, "three times the delay"
    assert len(orchard.instance.get_runs()) == 1
    assert orchard.stored() == ["first.txt", "second.txt"], "nothing is stored twice"


def test_one_that_goes_on_failing_fails_its_run_with_the_reason(orchard: Orchard) -> None:
    orchard.declare(9, RetrySetting(times=1, seconds=SECONDS))
    good, waited, reason = orchard.extract()
    assert (good, len(waited)) == (False, 1)
    assert "the orchard does not answer" in reason
    assert orchard.stored() == ["first.txt"], "what came before it failed is kept"


def test_who_waits_in_a_terminal_is_told_at_once(orchard: Orchard) -> None:
    orchard.declare(1, RetrySetting(times=3, seconds=SECONDS))
    good, waited, reason = orchard.extract(**IMPATIENT)
    assert (good, waited) == (False, [])
    assert "the orchard does not answer" in reason


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (SourceUnreachable, True),
        (OperationFailed, True),
        (PluginCrashed, True),
        (PluginSilent, True),
        (ConfigError, False),
        (ProtocolViolated, False),
        (LimitExceeded, False),
        (PluginCancelled, False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: type[PluginError], again: bool) -> None:
    assert (retry_of(error("as the test says"), RetrySetting(), 0, {}) is not None) is again


def test_a_file_says_how_often_and_how_long(orchard: Orchard) -> None:
    path = orchard.declare(0, RetrySetting())
    text = path.read_text()
    for given, meant in (
        ("off", RetrySetting(times=0)),
        ("on", RetrySetting()),
        ("{times: 4, seconds: 30}", RetrySetting(times=4, seconds=30)),
    ):
        path.write_text(f"{text}  retries: {given}\n")
        assert read_source(path).retries == meant
    for given, reason in (("{times: 9}", "at most 5"), ("{seconds: 0}", "at most 60")):
        path.write_text(f"{text}  retries: {given}\n")
        with pytest.raises(FixSource, match=reason):
            read_source(path)
