"""What the daemon does with a pool of one, with a run that is killed, and with old records."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus

from dataq_assets.runs.dead import bury
from dataq_assets.runs.launch import open_instance
from dataq_resources.home import Home
from dataq_resources.processes import PROCESS_TAG, pid_of
from dataq_resources.sources import SourceConfig, write_source
from dataq_resources.triggers import ChangesSetting
from tests.assets.daemon import Daemon, serving
from tests.assets.test_automation_daemon import BACKFILL

DAY = 86_400

# Each says when it begins and ends, and works until there is the file `gate`.
SHARING = """\
import os, time
from dataclasses import dataclass
from pathlib import Path
from dataq_plugins.sdk import Item, Log, Plugin, State, serve

@dataclass(frozen=True)
class Settings:
    name: str
    place: Path

class Sharing(Plugin[Settings]):
    id = "sharing"

    def extract(self, window, state, full):
        self.say("begin")
        while not (self.config.place / "gate").exists():
            time.sleep(0.1)
            yield Log("waiting")
        yield Item(f"{self.config.name}.txt", b"A heron.")
        yield State(b"1")
        self.say("end")

    def say(self, word):
        with (self.config.place / "said").open("a") as said:
            said.write(f"{word} {self.config.name}\\n")

serve(Sharing)
"""


def sharing(place: Home, folder: Path, name: str) -> None:
    """A source that asks the service of the pool `orchard`."""
    source = SourceConfig(
        name=name,
        command=(sys.executable, str(folder / "sharing.py")),
        config={"name": name, "place": str(folder)},
        pool="orchard",
        limits={"silence_seconds": 3600},
        changes=ChangesSetting(every=5),
    )
    write_source(place, source)


@pytest.mark.heavy
def test_a_service_is_asked_by_one_run_at_a_time_also_after_a_kill(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Home(home)
    place.prepare()
    settings = place.dagster / "dagster.yaml"
    settings.write_text(
        settings.read_text().replace("poll_interval_seconds: 60", "poll_interval_seconds: 1")
    )
    (tmp_path / "sharing.py").write_text(SHARING)
    said = tmp_path / "said"
    said.touch()
    for name in ("left", "right"):
        sharing(place, tmp_path, name)
    (tmp_path / "tree").mkdir()
    config = {"root": str(tmp_path / "tree")}
    quiet = ChangesSetting(enabled=False)
    write_source(
        place, SourceConfig(name="free", plugin="file_scanner", config=config, changes=quiet)
    )
    with open_instance(place) as instance:
        instance.event_log_storage.set_concurrency_slots("orchard", 1)
    with serving(home, tmp_path / "dev.log", monkeypatch) as daemon:
        daemon.eventually(lambda: daemon.runs("raw_left") and daemon.runs("raw_right"))
        daemon.eventually(said.read_text)
        # The queue has gone on beyond both once it has run what was asked for later.
        asked = {"keys": [{"path": ["raw_free"]}], "names": [time.strftime("%Y-%m", time.gmtime())]}
        daemon.ask(BACKFILL, asked)
        daemon.eventually(lambda: ended(daemon, "raw_free", DagsterRunStatus.SUCCESS))
        (begun,) = said.read_text().splitlines()
        first = begun.removeprefix("begin ")
        other = {"left": "right", "right": "left"}[first]

        holder = daemon.runs(f"raw_{first}")[-1]
        os.kill(pid_of(holder.tags[PROCESS_TAG]), signal.SIGKILL)
        daemon.eventually(lambda: ended(daemon, f"raw_{first}", DagsterRunStatus.FAILURE))
        daemon.eventually(lambda: f"begin {other}" in said.read_text())
        (tmp_path / "gate").touch()
        daemon.eventually(lambda: ended(daemon, f"raw_{other}", DagsterRunStatus.SUCCESS))
        told = said.read_text().splitlines()
        assert told[:3] == [f"begin {first}", f"begin {other}", f"end {other}"]

        expect_old_ticks_to_go(daemon, "left_changes")


def ended(daemon: Daemon, asset: str, status: DagsterRunStatus) -> list[DagsterRun]:
    """The runs of an asset that have ended like this."""
    return [run for run in daemon.runs(asset) if run.status is status]


def expect_old_ticks_to_go(daemon: Daemon, sensor: str) -> None:
    """Three days are too long for a look that found nothing, not for one that started a run."""
    instance = daemon.instance

    def old(status: TickStatus) -> str:
        tick = TickData(
            state.instigator_origin_id,
            sensor,
            InstigatorType.SENSOR,
            status,
            time.time() - 3 * DAY,
            run_ids=[],
            selector_id=state.selector_id,
        )
        return str(instance.create_tick(tick).tick_id)

    def there() -> set[str]:
        before = time.time() - 2 * DAY
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, before=before)
        return {str(each.tick_id) for each in ticks}

    (state,) = (each for each in instance.all_instigator_state() if each.instigator_name == sensor)
    skipped, started = old(TickStatus.SKIPPED), old(TickStatus.SUCCESS)
    assert there() == {skipped, started}
    daemon.eventually(lambda: skipped not in there())
    assert there() == {started}


def test_what_an_ended_run_holds_of_a_pool_is_freed(home: Path) -> None:
    """The daemon fails a killed run and leaves it its place; `dataq run` begins with this."""
    with open_instance(Home(home)) as instance:
        storage = instance.event_log_storage
        storage.set_concurrency_slots("orchard", 2)
        open_run, ended_run = held(instance, "a step"), held(instance, "another")
        instance.report_run_canceled(instance.get_run_by_id(ended_run))
        assert storage.get_concurrency_run_ids() == {open_run, ended_run}
        assert bury(instance) == []
        assert storage.get_concurrency_run_ids() == {open_run}


def held(instance: DagsterInstance, step: str) -> str:
    """A run that has a place in the pool."""
    run = instance.add_run(DagsterRun("job", status=DagsterRunStatus.STARTED))
    claim = instance.event_log_storage.claim_concurrency_slot("orchard", run.run_id, step)
    assert claim.is_claimed
    return run.run_id
