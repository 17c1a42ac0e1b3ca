"""Executes one Dagster run in this process and reads off what came of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from dataq_assets.retrying import IMPATIENT
from dataq_assets.runs.outcome import Checked, Failure, Outcome
from dataq_assets.stages.check import COUNT, ROWS
from dataq_lake.folders import alone_in
from dataq_resources.errors import KIND
from dataq_resources.processes import PROCESS_TAG, this_process

if TYPE_CHECKING:
    import dagster as dg
    from dagster_shared.error import SerializableErrorInfo

    from dataq_resources.home import Home

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
REASON_CHARACTERS = 1000
RELATED = ("relationships", "collections", "tags")
"""The assets that follow from each other, but that no run of sources waits for."""
ASKED = ("rankings", "service_levels")
"""The assets that are made when somebody asks for them, or by their own schedule."""
_APART = ("raw_", "maintenance", "destinations", *RELATED, *ASKED)
INTERRUPTED = "DagsterExecutionInterruptedError"
_OWN = re.compile(r"^dataq_\w+\.[\w.]+: ")  # the class of our own errors, whose text says it all


_more_tags: dict[str, str] = {}


@contextmanager
def tagged(tags: Mapping[str, str]) -> Iterator[None]:
    """Gives these tags to every run that this process launches while the block runs."""
    _more_tags.update(tags)
    try:
        yield
    finally:
        for name in tags:
            _more_tags.pop(name, None)


def open_instance(home: Home) -> dg.DagsterInstance:
    """The instance whose runs the web page of this home shows."""
    import dagster as dg

    home.prepare()
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    with alone_in(home.dagster):  # two that make its files at once fail each other
        instance = dg.DagsterInstance.from_config(str(home.dagster))
    if not instance.get_settings("python_logs").get("dagster_handler_config"):
        # Otherwise each starting run resets Python's logging under locks that a run in another
        # thread holds while it stores an event: both then wait for ever.
        instance.get_yaml_python_handlers = list  # type: ignore[method-assign]
    return instance


def _events_beside(instance: dg.DagsterInstance) -> AbstractContextManager[None]:
    """Where events are stored beside the run, if they go where DataQ's own settings say."""
    from dataq_resources.event_log import KeptSqliteEventLogStorage

    storage = instance.event_log_storage
    return storage.beside() if isinstance(storage, KeptSqliteEventLogStorage) else nullcontext()


def derived_keys(definitions: dg.Definitions) -> list[dg.AssetKey]:
    """The assets that a run of sources ends with: all that search needs."""
    keys = definitions.resolve_asset_graph().materializable_asset_keys
    return [key for key in keys if not key.path[0].startswith(_APART)]


def launch(
    instance: dg.DagsterInstance,
    definitions: dg.Definitions,
    keys: Iterable[dg.AssetKey] = (),
    checks: Iterable[dg.AssetCheckKey] = (),
    tags: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
) -> Outcome:
    """What came of materializing `keys` or of running `checks`; a failure is told, not raised."""
    whole = definitions.resolve_implicit_global_asset_job_def()
    selected = frozenset(keys)
    job = whole.get_subset(asset_selection=set(selected), asset_check_selection=set(checks))
    import dagster as dg
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.errors import DagsterExecutionInterruptedError
    from dagster._core.execution.execute_in_process import core_execute_in_process

    try:
        # As job.execute_in_process does it, but that the run's record says which assets it is
        # about: its own asset_selection would make the subset again, and lose the checks.
        with _events_beside(instance):
            result = core_execute_in_process(
                job=InMemoryJob(job.as_ephemeral_job(resource_defs={}, input_values={})),
                instance=instance,
                output_capturing_enabled=True,
                run_tags={**(tags or {}), **_more_tags, **IMPATIENT, PROCESS_TAG: this_process()},
                run_config={**QUIET, **(config or {})},
                raise_on_error=False,
                asset_selection=selected,
            )
    except DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    outcome = Outcome(run_ids=[result.run_id])
    graph = definitions.resolve_asset_graph()
    for event in result.all_events:
        if event.is_step_materialization:
            _count(outcome, event.asset_key, event.step_materialization_data.materialization)
        elif event.is_step_failure:
            if _innermost(event.step_failure_data.error).rstrip().endswith(INTERRUPTED):
                raise KeyboardInterrupt  # while an output was being handled
            outcome.failures.append(_failure(event, result.run_id))
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            spec = graph.get_check_spec(evaluation.asset_check_key)
            _judge(outcome, evaluation, spec, result.run_id)
    if not result.success and not outcome.failures:
        outcome.failures.append(Failure("run", _why_run_failed(result.all_events), result.run_id))
    return outcome


def _count(outcome: Outcome, key: dg.AssetKey | None, materialization: Any) -> None:
    if key is None:
        return
    shown = {name: value.value for name, value in materialization.metadata.items()}
    table = key.path[0]
    # A run over a range says the same of each of its windows, three stages fill quarantine.
    if table in outcome.rows and len(key.path) == 1:
        return
    for counts, names in (
        (outcome.rows, ("rows", "added")),
        (outcome.deleted, ("deleted", "removed")),
    ):
        count = next((shown[name] for name in names if name in shown), 0)
        counts[table] = counts.get(table, 0) + int(count)
    outcome.snapshot = shown.get("snapshot", outcome.snapshot)
    outcome.warnings += [
        f"{table}: {count} segments are withheld from the index by {check}"
        for check, count in shown.get("withheld", {}).items()
    ]


def _judge(
    outcome: Outcome, evaluation: dg.AssetCheckEvaluation, spec: dg.AssetCheckSpec, run_id: str
) -> None:
    checked = _checked(evaluation, spec, run_id)
    outcome.checks.append(checked)
    name = f"{checked.asset}: {checked.check}"
    if checked.passed:
        outcome.passed.append(name)
    elif checked.severity == "warning":
        outcome.warnings.append(f"{name}: {checked.reason}")
    else:
        outcome.failures.append(Failure(name, checked.reason, run_id))


def _checked(evaluation: dg.AssetCheckEvaluation, spec: dg.AssetCheckSpec, run_id: str) -> Checked:
    import dagster as dg

    found = {name: value.value for name, value in evaluation.metadata.items()}
    rows = evaluation.metadata.get(ROWS)
    reason = evaluation.description or ("" if evaluation.passed else "the check did not pass")
    return Checked(
        asset=evaluation.asset_key.to_user_string(),
        check=evaluation.check_name,
        promise=spec.description or "",
        severity="warning" if evaluation.severity is dg.AssetCheckSeverity.WARN else "error",
        blocking=bool((spec.metadata or {}).get("blocking")),
        passed=evaluation.passed,
        reason=_line(reason),
        failing=int(str(found.get(COUNT, 0))),
        failing_rows=[dict(each.data) for each in rows.records]
        if isinstance(rows, dg.TableMetadataValue)
        else [],
        seconds=float(str(found.get("seconds", 0.0))),
        run_id=run_id,
    )


def _failure(event: dg.DagsterEvent, run_id: str) -> Failure:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        reason = data.user_failure_data.description
    else:
        reason = _innermost(data.error)
    kind, trace = told_of(data.error)
    if data.user_failure_data is not None and KIND in data.user_failure_data.metadata:
        kind = str(data.user_failure_data.metadata[KIND].value)
    return Failure(str(event.step_key), _line(reason), run_id, kind, trace)


def _why_run_failed(events: Sequence[dg.DagsterEvent]) -> str:
    """Of a run that ended without a failed step."""
    for event in events:
        if event.is_run_failure:
            return _line(_innermost(event.job_failure_data.error))
    return "did not succeed, without saying why"


def _innermost(error: SerializableErrorInfo | None) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return "failed without saying why"
    return _lost(error.message) or _OWN.sub("", error.message)


def told_of(error: SerializableErrorInfo | None) -> tuple[str, str]:
    """The class of the error that began it, and all of its trace."""
    first = error
    while first is not None and (before := first.cause or first.context) is not None:
        first = before
    if error is None or first is None:
        return "", ""
    return (first.cls_name or "").rpartition(".")[2], error.to_string()


def _lost(message: str) -> str:
    """What there is to say where a table's file has gone under an asset that was reading it."""
    if ".parquet" not in message or _OWN.match(message):
        return ""
    from dataq_lake.lost_files import lost_behind
    from dataq_resources.home import home_from_environment

    return str(lost_behind(home_from_environment().lake, message) or "")


def _line(text: str) -> str:
    return " ".join(text.split())[:REASON_CHARACTERS]
