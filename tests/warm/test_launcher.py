"""Runs that are forked: they end as others do, are ended as others are, and leave nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from dagster import DagsterRunStatus, DefaultRunLauncher
from dagster._core.launcher.base import WorkerStatus
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import ModuleTarget

from dataq_resources.processes import PROCESS_TAG, is_alive, name_of, pid_of
from dataq_resources.warm.client import Warm
from dataq_resources.warm.errors import NotWarm
from dataq_resources.warm.place import place_of
from tests.slow import eventually
from tests.warm.stand import Stand


def parent_of(process: str) -> int:
    status = Path(f"/proc/{pid_of(process)}/status").read_text()
    return int(status.partition("PPid:")[2].split()[0])


def test_runs_are_forked_from_one_server_which_ends_with_the_instance(stand: Stand) -> None:
    first, second = stand.create(), stand.create()
    one, other = stand.launch(first), stand.launch(second)
    server = stand.server()
    assert {parent_of(one), parent_of(other)} == {pid_of(server)}
    assert stand.launcher.check_run_worker_health(stand.run(first)).status is WorkerStatus.RUNNING

    stand.gate.touch()
    assert {stand.ended(first), stand.ended(second)} == {DagsterRunStatus.SUCCESS}
    told = [each.message for each in stand.instance.all_logs(first.run_id)]
    assert f"Started process for run (pid: {pid_of(one)})." in told
    # Reaped, so that nothing of them is left; and the server stays for the next one.
    eventually(lambda: not Path(f"/proc/{pid_of(one)}").exists())
    assert is_alive(server)

    stand.instance.dispose()
    eventually(lambda: not is_alive(server))
    assert not (place_of(stand.home) / "socket").exists()


def test_a_run_that_is_terminated_takes_its_plugin_with_it(shared: Stand) -> None:
    run = shared.create()
    process = shared.launch(run)
    plugin = name_of(shared.plugin()) or ""
    assert is_alive(plugin)
    assert shared.launcher.terminate(run.run_id)
    assert shared.ended(run) is DagsterRunStatus.CANCELED
    eventually(lambda: not is_alive(plugin) and not is_alive(process))
    assert not shared.launcher.terminate(run.run_id)


def test_a_run_outlives_its_server_and_the_next_one_has_another(shared: Stand) -> None:
    first = shared.create()
    shared.launch(first)
    shared.plugin()
    server = shared.server()
    os.kill(pid_of(server), signal.SIGKILL)
    eventually(lambda: not is_alive(server))

    second = shared.create()
    process = shared.launch(second)
    assert shared.server() != server
    assert parent_of(process) == pid_of(shared.server())
    shared.gate.touch()
    assert {shared.ended(first), shared.ended(second)} == {DagsterRunStatus.SUCCESS}


def test_a_killed_run_is_known_to_be_gone(shared: Stand) -> None:
    run = shared.create()
    process = shared.launch(run)
    plugin = name_of(shared.plugin()) or ""
    os.kill(pid_of(process), signal.SIGKILL)
    eventually(lambda: not is_alive(process) and not is_alive(plugin))
    health = shared.launcher.check_run_worker_health(shared.run(run))
    assert health.status is WorkerStatus.FAILED
    assert "killed" in str(health.msg)


@pytest.mark.heavy
def test_a_changed_source_has_another_server(stand: Stand) -> None:
    stand.gate.touch()
    first = stand.create()
    stand.launch(first)
    server = stand.server()
    stand.source.write_text(stand.source.read_text() + "\n")
    second = stand.create()
    stand.launch(second)
    assert {stand.ended(first), stand.ended(second)} == {DagsterRunStatus.SUCCESS}
    eventually(lambda: not is_alive(server))
    assert is_alive(stand.server())


def test_a_child_begins_when_it_is_told_to_and_whoever_asked_hears_of_its_end(
    shared: Stand,
) -> None:
    run = shared.create()
    with Warm(shared.home, start_seconds=300) as warm, open(os.devnull, "r+b") as nowhere:
        begun = warm.begin("run", [run.run_id, "no instance"], (nowhere.fileno(),) * 3)
        assert is_alive(begun.process)
        os.close(begun._begin)
        begun._begin = -1
        assert begun.wait() == 0
        assert shared.run(run).status is DagsterRunStatus.NOT_STARTED
        begun = warm.begin("run", ["no run", "no instance"], (nowhere.fileno(),) * 3)
        begun.go()
        assert begun.wait() == 1


@pytest.mark.heavy
def test_without_the_server_dagster_starts_the_run_and_it_says_why(stand: Stand) -> None:
    (stand.home.dagster / "warm").write_text("in the way")
    stand.gate.touch()
    target = ModuleTarget("dataq_assets.definitions", None, str(Path.cwd()), "dataq")
    with create_test_daemon_workspace_context(target, stand.instance) as workspace:
        request = workspace.create_request_context()
        repository = request.get_code_location("dataq").get_repository("__repository__")
        origin = repository.get_full_job("__ASSET_JOB").get_remote_origin()
        run = stand.create(origin)
        stand.instance.launch_run(run.run_id, request)
        assert stand.ended(run) is DagsterRunStatus.SUCCESS
    told = [each.message for each in stand.instance.all_logs(run.run_id)]
    assert any("Dagster's own launcher: the warm server" in each for each in told)
    assert PROCESS_TAG not in stand.run(run).tags
    assert stand.launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING


class Gone:
    """A forked child that was killed before it could begin."""

    process = "boot/1/1"

    def go(self) -> None:
        raise NotWarm("the forked process is gone")

    def close(self) -> None:
        pass


def test_no_run_is_taken_for_the_process_of_another_one(
    shared: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    monkeypatch.setattr(Warm, "begin", lambda *_: Gone())
    monkeypatch.setattr(
        DefaultRunLauncher, "launch_run", lambda _, context: begun.append(context.dagster_run)
    )
    run = shared.create()
    shared.instance.add_run_tags(run.run_id, {PROCESS_TAG: "of/the/parent"})
    assert shared.launch(run) == ""
    assert [each.run_id for each in begun] == [run.run_id]
    assert shared.launcher.check_run_worker_health(shared.run(run)).status is WorkerStatus.RUNNING
