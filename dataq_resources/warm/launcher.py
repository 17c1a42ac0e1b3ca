"""Dagster's run launcher that has a warm process, or else Dagster's own way."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from dagster import DefaultRunLauncher, Field, Float
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus

from dataq_resources.home import home_from_environment
from dataq_resources.processes import PROCESS_TAG, is_alive, signal_process
from dataq_resources.warm.client import START_SECONDS, Warm
from dataq_resources.warm.errors import NotWarm
from dataq_resources.warm.tasks import DEFINITIONS

if TYPE_CHECKING:
    from dagster import DagsterRun
    from dagster._config import UserConfigSchema
    from dagster._core.launcher.base import LaunchRunContext
    from dagster._serdes import ConfigurableClassData

IDLE_SECONDS = 3600.0


class WarmRunLauncher(DefaultRunLauncher):
    """Forks a run of this home's definitions from the warm server; all others start as usual."""

    def __init__(
        self,
        inst_data: ConfigurableClassData | None = None,
        idle_seconds: float = IDLE_SECONDS,
        start_seconds: float = START_SECONDS,
    ) -> None:
        super().__init__(inst_data)
        self._warm = Warm(home_from_environment(), idle_seconds, start_seconds)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """What dagster.yaml may say."""
        return {
            "idle_seconds": Field(Float, default_value=IDLE_SECONDS),
            "start_seconds": Field(Float, default_value=float(START_SECONDS)),
        }

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> Self:
        """The launcher that dagster.yaml describes."""
        return cls(inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Starts a run, and returns before it has begun; raises what Dagster's launcher does."""
        run = context.dagster_run
        if run.tags.get(PROCESS_TAG):  # of the run that this one repeats
            self._tag(run, "")
        if _is_ours(run):
            try:
                self._fork(run)
            except NotWarm as reason:
                self._instance.report_engine_event(
                    f"Started by Dagster's own launcher: {reason}", run, cls=self.__class__
                )
            else:
                return
        super().launch_run(context)

    def _fork(self, run: DagsterRun) -> None:
        from dagster._serdes import serialize_value

        words = (run.run_id, serialize_value(self._instance.get_ref()))
        nowhere = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            begun = self._warm.begin("run", words, (nowhere, 1, 2))
        finally:
            os.close(nowhere)
        try:
            # Before it begins: from then on it can be found, whatever becomes of this process.
            self._tag(run, begun.process)
            begun.go()
        except NotWarm:
            self._tag(run, "")
            raise
        finally:
            begun.close()

    def _tag(self, run: DagsterRun, process: str) -> None:
        self._instance.add_run_tags(run.run_id, {PROCESS_TAG: process})

    def terminate(self, run_id: str) -> bool:
        """Asks a run to end, and kills it if it was asked before; False if it is gone."""
        run = self._instance.get_run_by_id(run_id)
        process = run.tags.get(PROCESS_TAG) if run else None
        if run is None or run.is_finished or not process:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        from dagster import DagsterRunStatus

        asked_before = run.status is DagsterRunStatus.CANCELING
        self._instance.report_run_canceling(run)
        if signal_process(process, signal.SIGKILL if asked_before else signal.SIGTERM):
            return True
        self._instance.report_run_canceled(run, "its process was gone")
        return False

    @property
    def supports_check_run_worker_health(self) -> bool:
        """So that the daemon fails a run whose process was killed."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a run lives; one that Dagster started itself counts as alive."""
        process = run.tags.get(PROCESS_TAG)
        if not process or is_alive(process):
            return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=process)
        found = self._instance.get_run_by_id(run.run_id)
        if found is None or found.is_finished:
            return CheckRunHealthResult(WorkerStatus.SUCCESS, run_worker_id=process)
        return CheckRunHealthResult(
            WorkerStatus.FAILED,
            "its process is gone: it was killed, or the machine went down",
            transient=False,
            run_worker_id=process,
        )

    def dispose(self) -> None:
        """Lets the server end, unless somebody else wants it."""
        self._warm.close()
        super().dispose()


def _is_ours(run: DagsterRun) -> bool:
    """Whether the server has loaded what this run needs, with the Python it is to run in."""
    from dagster._core.code_pointer import ModuleCodePointer

    origin = run.job_code_origin
    if origin is None:
        return False
    place = origin.repository_origin
    pointer = place.code_pointer
    return (
        isinstance(pointer, ModuleCodePointer)
        and pointer.module == DEFINITIONS
        and place.executable_path in (None, sys.executable)
        and place.container_image is None
    )
