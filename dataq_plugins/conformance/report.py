"""What the conformance suite found, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Outcome = Literal["passed", "failed", "skipped"]
MARKS: dict[Outcome, str] = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}


@dataclass(frozen=True)
class Result:
    """One check: `detail` says what was wrong, or why it was skipped; `promise` what it checks."""

    name: str
    promise: str
    outcome: Outcome
    detail: str = ""
    seconds: float = 0


@dataclass(frozen=True)
class Report:
    """All checks of one plugin."""

    argv: tuple[str, ...]
    plugin: str
    protocol: str
    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Result, ...]:
        """The checks that failed."""
        return tuple(result for result in self.results if result.outcome == "failed")

    def text(self) -> str:
        """Return one line a check and a last line with the counts."""
        lines = [f"{self.plugin or self.argv[-1]} ({self.protocol})"]
        for result in self.results:
            detail = f": {result.detail}" if result.detail else ""
            lines.append(f"  {MARKS[result.outcome]} {result.name}: {result.promise}{detail}")
        counts = [f"{self._count(outcome)} {outcome}" for outcome in MARKS]
        return "\n".join([*lines, ", ".join(counts)])

    def _count(self, outcome: Outcome) -> int:
        return sum(result.outcome == outcome for result in self.results)

    def json(self) -> str:
        """Return the same as JSON: ok, plugin, protocol, argv, results."""
        return json.dumps({"ok": self.ok, **asdict(self)}, indent=2)
