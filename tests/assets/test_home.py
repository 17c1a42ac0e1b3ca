"""DATAQ_HOME: private folders, a dagster.yaml of its own, and locks that die with their holder."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import TickStatus
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import (
    QueuedRunCoordinatorDaemon,
)

from dataq_assets.origins import tags_of
from dataq_assets.runs.launch import open_instance
from dataq_resources.errors import Busy
from dataq_resources.home import Home, home_from_environment
from dataq_resources.locks import locked

ORIGIN = RemoteJobOrigin(
    RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("dataq"), "__repository__"), "job"
)


def test_home_is_private_and_settings_stay_as_the_user_made_them(home: Path) -> None:
    place = home_from_environment()
    assert place == Home(home)
    place.prepare()
    for folder in (place.lake, place.dagster, place.sources, place.locks):
        assert folder.stat().st_mode & 0o777 == 0o700
    settings = place.dagster / "dagster.yaml"
    assert "KeptSqliteEventLogStorage" in settings.read_text()
    settings.write_text("telemetry: {enabled: false}\n")
    place.prepare()
    assert settings.read_text() == "telemetry: {enabled: false}\n"


def test_many_open_a_new_home_at_once(tmp_path: Path) -> None:
    """Dagster alone makes its files well enough for one, and fails most of four."""
    together = Barrier(4)

    def look(place: Home) -> int:
        together.wait()
        with open_instance(place) as instance:
            return len(instance.get_runs())

    with ThreadPoolExecutor(4) as threads:
        for number in range(3):
            assert list(threads.map(look, [Home(tmp_path / str(number))] * 4)) == [0] * 4


def test_dagster_understands_what_the_home_says_of_queue_retries_and_retention(home: Path) -> None:
    place = Home(home)
    with open_instance(place) as instance:
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 4
        (limit,) = queue.tag_concurrency_limits
        assert (limit["key"], limit["limit"]) == ("dataq/source", 1)
        assert limit["value"] == {"applyLimitPerUniqueValue": True}
        assert (instance.run_monitoring_enabled, instance.run_monitoring_start_timeout_seconds) == (
            True,
            300,
        )
        assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 0)
        kept = instance.get_tick_retention_settings(InstigatorType.SENSOR)
        assert (kept[TickStatus.SKIPPED], kept[TickStatus.STARTED]) == (1, -1)


def test_the_queue_lets_runs_of_a_source_in_one_by_one_and_those_by_hand_first(home: Path) -> None:
    with open_instance(Home(home)) as instance:
        config = instance.get_concurrency_config()

        def queued(source: str, **tags: str) -> str:
            run = dg.DagsterRun(
                "job",
                tags={"dataq/source": source, **tags},
                status=dg.DagsterRunStatus.QUEUED,
                remote_job_origin=ORIGIN,
            )
            return instance.add_run(run).run_id

        bulk, change = (queued("mail", **tags_of(name)) for name in ("bulk", "change"))
        by_hand, other = queued("mail"), queued("files", **tags_of("schedule"))
        daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)
        let_in = [run.run_id for run in daemon._get_runs_to_dequeue(instance, config, None)]
        assert let_in == [by_hand, other]
        for run_id in let_in:
            instance.report_run_canceled(instance.get_run_by_id(run_id))
        again = [run.run_id for run in daemon._get_runs_to_dequeue(instance, config, None)]
        assert again == [change], "and the backfill only after that"
        assert bulk not in again


def test_lock_is_exclusive_and_says_who_has_it(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from dataq_resources.locks import locked\n"
        "with locked(Path(sys.argv[1]), 'work'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        busy = pytest.raises(Busy, match=f"work is in use by process {holder.pid}")
        with busy, locked(tmp_path, "work", wait=False):
            pass
        holder.kill()
    with locked(tmp_path, "work", wait=False):
        pass
