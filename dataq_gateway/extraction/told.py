"""Tasks as the answers tell of them, and the cursor from one page of them to the next."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from dataq_gateway.hooks.errors import Refused
from dataq_resources.jobs.task import State, Task

STATUS: dict[State, str] = {
    "queued": "pending",
    "running": "running",
    "completed": "completed",
    "failed": "failed",
    "stopped": "cancelled",
}
STATES: dict[str, State] = {status: state for state, status in STATUS.items()}


def told(task: Task) -> dict[str, Any]:
    """All that is known of a task; times are UTC, as ISO 8601 has them."""
    asked = task.extraction
    return {
        **told_shortly(task),
        "job": task.job or None,
        "request": {
            "windows": [list(each) for each in asked.windows] if asked else [],
            "full": asked.full if asked else False,
        },
        "priority": task.priority,
        "created_at": _time(task.created_at),
        "started_at": _time(task.started_at),
        "finished_at": _time(task.ended_at),
        "progress": {
            "items": task.items,
            "bytes": task.bytes,
            "rejected": task.rejected,
            "windows": {"done": task.windows_done, "total": task.windows},
            "stage": task.stage or None,
            "percent": task.percent,
        },
        "cancelling": task.stopping or None,
        "error": _error(task),
        "run_ids": list(task.run_ids),
        "retrigger_of": task.retrigger_of,
    }


def listed(task: Task) -> dict[str, Any]:
    """The same without a trace, which is long."""
    found = told(task)
    if found["error"]:
        del found["error"]["trace"]
    return found


def told_shortly(task: Task) -> dict[str, Any]:
    """What whoever has asked for it needs to come back."""
    return {
        "task_id": task.id,
        "source": task.source or None,
        "status": STATUS[task.state],
        "url": f"/tasks/{task.id}",
    }


def cursor(after: tuple[float, str] | None) -> str | None:
    """The place after a page, as one word."""
    return base64.urlsafe_b64encode(json.dumps(after).encode()).decode() if after else None


def place(word: str | None) -> tuple[float, str] | None:
    """The place that a cursor says; raises Refused (422)."""
    if word is None:
        return None
    try:
        when, task = json.loads(base64.urlsafe_b64decode(word.encode()))
        return float(when), str(task)
    except (ValueError, TypeError):
        raise Refused(422, "the cursor is none that a page has given") from None


def _error(task: Task) -> dict[str, Any] | None:
    if task.state != "failed":
        return None
    return {"type": task.error_type or "Failure", "message": task.error, "trace": task.trace}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
