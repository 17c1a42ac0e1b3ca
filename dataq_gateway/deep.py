"""`dataq check --deep`: looks at every byte of the lake, mends it if told so, and tells of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataq_assets.stages.deep_check import Finding
    from dataq_resources.home import Home

WAYS = {
    "derive": "can be derived again",
    "publish": "can be built again",
    "fetch": "can be fetched again if its source still has it",
}


@dataclass
class Looked:
    """What was found; after a repair what was done, what it could not do, and what is left."""

    checks: list[str]
    findings: list[Finding]
    repaired: bool = False
    done: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    left: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong now."""
        return not self.failures and not self.left_over

    @property
    def left_over(self) -> list[Finding]:
        """What is wrong now."""
        return self.left if self.repaired else self.findings

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it; `left` is null where nothing was repaired."""
        return {
            "deep_checks": self.checks,
            "findings": [asdict(each) for each in self.findings],
            "repairs": self.done,
            "not_repaired": self.failures,
            "left": [asdict(each) for each in self.left] if self.repaired else None,
        }

    def lines(self) -> Iterator[str]:
        """For people, a line each."""
        if not self.findings:
            yield from (f"ok: deep: {name}" for name in self.checks)
        yield from (f"damaged: {line(each)}" for each in self.findings)
        yield from (f"repair: {each}" for each in self.done)
        yield from (f"error: {each}" for each in self.failures)
        if self.repaired:
            yield from (f"not repaired: {line(each)}" for each in self.left)
            mended = len(self.findings) - len(self.left)
            yield f"{len(self.findings)} damages, {max(0, mended)} repaired, {len(self.left)} left"
        elif self.findings:
            mendable = sum(each.remedy != "none" for each in self.findings)
            yield f"{len(self.findings)} damages; `dataq check --deep --repair` may mend {mendable}"


def look_deep(home: Home, *, repair: bool, quiet: bool) -> Looked:
    """What a deep look at the lake of `home` finds, and what came of mending it."""
    from dataq_assets.mending import mend
    from dataq_assets.stages.deep_check import deep_checks, look
    from dataq_gateway.progress import shown
    from dataq_lake.lake import open_lake
    from dataq_resources.progress import listening, tell

    units = {each.name: each.unit for each in deep_checks()}

    def heard(stage: str, done: int, total: int) -> None:
        tell(stage, done, total, units[stage])

    with shown(quiet=quiet) as listener, listening(listener):
        looked = Looked([*units], list(look(open_lake(home.lake), heard)))
        if repair and looked.findings:
            mended = mend(home, looked.findings, heard)
            looked.repaired, looked.done = True, mended.done
            looked.failures, looked.left = mended.failures, mended.left
    return looked


def line(finding: Finding) -> str:
    """What is wrong where, and what can be done."""
    what = finding.advice or WAYS.get(finding.remedy, "")
    text = f"{finding.place}: {finding.reason}"
    return f"{text}: {what}" if what else text
