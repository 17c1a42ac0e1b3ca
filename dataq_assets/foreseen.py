"""Looks at tables while the run goes on with others, for the checks that stand at its end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from dataq_assets.stages.check import Check, Verdict, versions
from dataq_lake.lake import Lake

KEY = "foreseen"


@dataclass(frozen=True)
class Seen:
    """A verdict, and the versions of the tables when it was begun."""

    versions: dict[str, int]
    verdict: Verdict


class Foreseen:
    """Verdicts that are begun as soon as their asset is stored, one at a time."""

    def __init__(self, lake: Lake, checks: Sequence[Check]) -> None:
        self._lake = lake
        self._checks = checks
        self._thread = ThreadPoolExecutor(1, "foreseen")
        self._seen: dict[tuple[tuple[str, ...], str], Future[Seen]] = {}

    def begin(self, asset: tuple[str, ...]) -> None:
        """Begin the checks of `asset`, unless that was done."""
        # First what the index waits for.
        for check in sorted(self._checks, key=lambda each: not each.blocking):
            if check.asset == asset and (asset, check.name) not in self._seen:
                self._seen[asset, check.name] = self._thread.submit(self._look, check)

    def verdict(self, check: Check) -> Verdict:
        """What `check` finds in the tables as they are now: they may have changed since."""
        begun = self._seen.get((check.asset, check.name))
        if begun is not None and not begun.exception():
            seen = begun.result()
            if seen.versions == versions(self._lake, check.tables):
                return seen.verdict
        again: Future[Seen] = Future()
        again.set_result(self._look(check))
        self._seen[check.asset, check.name] = again  # asked before the index and after it
        return again.result().verdict

    def close(self) -> None:
        """Begin nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _look(self, check: Check) -> Seen:
        return Seen(versions(self._lake, check.tables), check.look(self._lake))
