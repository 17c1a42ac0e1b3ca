"""A failed run as it is told to people."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dataq_resources.notifying.notice import Notice

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun, EventLogRecord
    from dagster_shared.error import SerializableErrorInfo

MOST_CHARACTERS = 2_000
LINK_SETTING = "DATAQ_UI_URL"


def notice_of(instance: DagsterInstance, record: EventLogRecord) -> Notice | None:
    """What to tell; None of a run that is tried again by itself, or that is gone."""
    run = instance.get_run_by_id(record.run_id)
    if run is None or run.tags.get("dagster/will_retry") == "true":
        return None
    address = os.environ.get(LINK_SETTING, "").rstrip("/")
    return Notice(
        run_id=run.run_id,
        job=run.job_name,
        source=_source(run),
        origin="hook" if "dataq/hook" in run.tags else run.tags.get("dataq/origin", ""),
        failed_at=record.timestamp,
        reason=_reason(instance, record),
        link=f"{address}/runs/{run.run_id}" if address else "",
    )


def _source(run: DagsterRun) -> str:
    tagged = run.tags.get("dataq/source") or run.tags.get("dataq/sources", "")
    keys = run.asset_selection or ()
    raw = sorted(key.path[0].removeprefix("raw_") for key in keys if key.path[0].startswith("raw_"))
    return tagged or ",".join(raw)


def _reason(instance: DagsterInstance, record: EventLogRecord) -> str:
    """The steps that failed, a line each with the innermost error; else what the run says."""
    from dagster import DagsterEventType

    wanted = {DagsterEventType.STEP_FAILURE}
    found = instance.get_records_for_run(record.run_id, of_type=wanted, limit=20).records
    lines = []
    for each in found:
        event = each.event_log_entry.dagster_event
        if event is not None:
            lines.append(f"{event.step_key}: {_innermost(event.step_failure_data.error)}")
    event = record.event_log_entry.dagster_event
    return ("\n".join(lines) or (event.message if event else "") or "")[:MOST_CHARACTERS]


def _innermost(error: SerializableErrorInfo | None) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "failed without saying why"
