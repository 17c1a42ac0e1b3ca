"""Launches runs of raw_tree, forked and by Dagster's own launcher in turn, to the first byte.

Arguments: how many pairs, the log of `first_byte`, the file for the answer, in
seconds. Needs DATAQ_HOME and DAGSTER_HOME.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import dagster as dg
from dagster._core.definitions.selector import JobSubsetSelector
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.context import BaseWorkspaceRequestContext
from dagster._core.workspace.load_target import ModuleTarget

from dataq_assets.runs.launch import open_instance
from dataq_resources.home import home_from_environment
from dataq_resources.warm.launcher import WarmRunLauncher

PATIENCE = 600
WINDOW = time.strftime("%Y-%m", time.gmtime())


def main(pairs: int, log: Path, answer: Path) -> None:
    target = ModuleTarget("dataq_assets.definitions", None, str(Path.cwd()), "dataq")
    with (
        open_instance(home_from_environment()) as instance,
        create_test_daemon_workspace_context(target, instance) as workspace,
    ):
        context = workspace.create_request_context()
        default = dg.DefaultRunLauncher()
        default.register_instance(instance)
        warm = instance.run_launcher
        assert isinstance(warm, WarmRunLauncher)
        _launch(instance, context, warm, log)  # starts the server
        seconds: dict[str, list[float]] = {"warm": [], "default": []}
        for _ in range(pairs):
            seconds["warm"].append(_launch(instance, context, warm, log))
            seconds["default"].append(_launch(instance, context, default, log))
    answer.write_text(json.dumps(seconds))


def _launch(
    instance: dg.DagsterInstance,
    context: BaseWorkspaceRequestContext,
    launcher: dg.DefaultRunLauncher,
    log: Path,
) -> float:
    """Seconds from the order to the first byte; the run has then ended."""
    run = _create(instance, context)
    before = len(_lines(log))
    instance._run_launcher = launcher  # noqa: SLF001 - it knows of one alone
    begun = time.time()
    instance.launch_run(run.run_id, context)
    until = time.monotonic() + PATIENCE
    while not (found := instance.get_run_by_id(run.run_id)) or not found.is_finished:
        if time.monotonic() > until:
            raise SystemExit("a run has not ended")
        time.sleep(0.02)
    if found.status is not dg.DagsterRunStatus.SUCCESS:
        raise SystemExit(f"a run ended as {found.status}")
    return float(_lines(log)[before]) - begun


def _lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def _create(instance: dg.DagsterInstance, context: BaseWorkspaceRequestContext) -> dg.DagsterRun:
    key = dg.AssetKey("raw_tree")
    location = context.get_code_location("dataq")
    repository = location.get_repository("__repository__")
    wanted = JobSubsetSelector(
        "dataq", "__repository__", "__ASSET_JOB", None, asset_selection=[key]
    )
    job = location.get_job(wanted)
    return instance.create_run(
        job_name=job.name,
        run_id=None,
        run_config={"ops": {"raw_tree": {"config": {"full": True}}}},
        status=dg.DagsterRunStatus.NOT_STARTED,
        tags={
            "dagster/asset_partition_range_start": WINDOW,
            "dagster/asset_partition_range_end": WINDOW,
        },
        root_run_id=None,
        parent_run_id=None,
        step_keys_to_execute=None,
        execution_plan_snapshot=None,
        job_snapshot=job.job_snapshot,
        parent_job_snapshot=job.parent_job_snapshot,
        asset_selection=frozenset([key]),
        asset_check_selection=None,
        resolved_op_selection=None,
        op_selection=None,
        remote_job_origin=job.get_remote_origin(),
        job_code_origin=job.get_python_origin(),
        asset_graph=repository.asset_graph,
    )


if __name__ == "__main__":
    assert os.environ["DAGSTER_HOME"]
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
