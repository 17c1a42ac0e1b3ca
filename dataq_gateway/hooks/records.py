"""Runs of hooks as Dagster's page shows them: a run of the job hook_NAME."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from dataq_assets.origins import tags_of
from dataq_gateway.hooks.delivery import Run
from dataq_resources.processes import PROCESS_TAG

if TYPE_CHECKING:
    import dagster as dg

HOOK_TAG, SOURCES_TAG = "dataq/hook", "dataq/sources"


class Records:
    """Writes into Dagster's instance that runs wait, began and ended."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    @staticmethod
    def warm_up() -> None:
        """Loads what the first run would wait for, 0.2 s."""
        import dagster as dg

        with dg.DagsterInstance.ephemeral() as nowhere:
            Records(nowhere).record(Run(str(UUID(int=0)), "warm_up", ()))

    def record(self, run: Run) -> None:
        """Makes the run visible, if it is not."""
        import dagster as dg
        from dagster._core.errors import DagsterRunAlreadyExists

        if self._instance.has_run(run.id):
            return
        with suppress(DagsterRunAlreadyExists):
            self._instance.create_run_for_job(
                _job(run.hook),
                run_id=run.id,
                status=dg.DagsterRunStatus.NOT_STARTED,
                tags={
                    HOOK_TAG: run.hook,
                    SOURCES_TAG: ",".join(run.sources),
                    **tags_of("change"),
                },
            )

    def begun(self, run: Run, process: str) -> None:
        """Says that a process archives; whoever finds it gone may report the run as failed."""
        self._instance.add_run_tags(run.id, {PROCESS_TAG: process})
        self._report("RUN_START", run, f"archives {', '.join(run.sources)}")

    def succeeded(self, run: Run, said: str) -> None:
        """Says that all went well."""
        self._report("RUN_SUCCESS", run, said)

    def failed(self, run: Run, reason: str) -> None:
        """Says what went wrong, if the run is not over."""
        found = self._instance.get_run_by_id(run.id)
        if found is not None and not found.is_finished:
            self._instance.report_run_failed(found, reason)

    def has_succeeded(self, run: Run) -> bool:
        """Whether Dagster knows that the run went well."""
        import dagster as dg

        found = self._instance.get_run_by_id(run.id)
        return found is not None and found.status is dg.DagsterRunStatus.SUCCESS

    def _report(self, kind: str, run: Run, message: str) -> None:
        from dagster._core.events import DagsterEvent, DagsterEventType

        event = DagsterEvent(DagsterEventType[kind].value, f"hook_{run.hook}", message=message)
        self._instance.report_dagster_event(event, run.id)


def _job(hook: str) -> dg.JobDefinition:
    import dagster as dg

    @dg.op(description="Archives the sources of the hook and all that follows from them.")
    def archive() -> None:
        """Stands for a process of its own, whose runs are named in this run's events."""

    return dg.GraphDefinition(name=f"hook_{hook}", node_defs=[archive]).to_job()
