"""What came of a run, as a command can tell it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Failure:
    """One thing that failed: `where` is a source, an asset or a check; one line each.

    `kind` is the class of the error, if it was one, and `trace` where it came from.
    """

    where: str
    reason: str
    run_id: str | None = None
    kind: str = ""
    trace: str = ""


def failure_of(where: str, reason: str, error: BaseException) -> Failure:
    """The failure that an error of this process is."""
    trace = "".join(traceback.format_exception(error))
    return Failure(where, reason, kind=type(error).__name__, trace=trace)


@dataclass(frozen=True)
class Checked:
    """What one check said; `failing` rows break its promise, of which `failing_rows` are some.

    The segments of those that break one that is `blocking` are withheld from the search index.
    """

    asset: str
    check: str
    promise: str
    severity: Literal["warning", "error"]
    blocking: bool
    passed: bool
    reason: str
    failing: int
    failing_rows: list[Mapping[str, Any]]
    seconds: float
    run_id: str


@dataclass
class Outcome:
    """Runs made, rows written a table, what was quarantined, and what failed."""

    run_ids: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    """Checks that looked and found nothing wrong."""
    checks: list[Checked] = field(default_factory=list)
    """All that looked, whatever they found."""
    snapshot: str | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything succeeded."""
        return not self.failures

    def add(self, other: Outcome) -> None:
        """Takes in what one of several runs came to."""
        self.run_ids += other.run_ids
        self.failures += other.failures
        self.warnings += other.warnings
        self.passed += other.passed
        self.checks += other.checks
        self.snapshot = other.snapshot or self.snapshot
        for mine, theirs in ((self.rows, other.rows), (self.deleted, other.deleted)):
            for table, count in theirs.items():
                mine[table] = mine.get(table, 0) + count
