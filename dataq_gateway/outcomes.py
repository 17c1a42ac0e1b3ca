"""What came of a run, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataq_assets.runs import Outcome


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON will hold it."""
    told = {"ok": outcome.ok, **asdict(outcome)}
    for failure in told["failures"]:
        del failure["kind"], failure["trace"]
    return told


def summary(outcome: Outcome) -> str:
    """What was stored, in the order in which data flows."""
    stored = [(name, rows) for name, rows in outcome.rows.items() if rows]
    lines = [f"{name:<14} {rows:>9,} new" for name, rows in stored] or ["nothing new"]
    if outcome.snapshot:
        lines.append(f"searchable in snapshot {outcome.snapshot}")
    lines += [f"warning: {warning}" for warning in outcome.warnings]
    return "\n".join([*lines, f"took {outcome.seconds:.1f} s"])


def failures(outcome: Outcome) -> Iterator[str]:
    """One line for each thing that failed."""
    for failure in outcome.failures:
        run_id = f" [run {failure.run_id}]" if failure.run_id else ""
        yield f"error: {failure.where}: {failure.reason}{run_id}"
