"""What is committed of analyses at a time: texts, the record of the work, and what defeated it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.hashing import hash_of
from dataq_assets.stages.quarantine import replaced, resolved
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from dataq_analyzers.interface import Analysis, Unit
    from dataq_analyzers.outcome import Done, Failed

STAGE = "texts"
ROUND_BYTES = 32 << 20
ROUND_ROWS = 10_000
ROUND_SECONDS = 30.0


class Round:
    """Outcomes of contents, until a commit pays; `held` are rows of quarantine by id."""

    def __init__(
        self, lake: Lake, held: Mapping[str, dict[str, Any]], run_id: str, now_us: int
    ) -> None:
        self._lake = lake
        self._held = held
        self._run_id = run_id
        self._now_us = now_us
        self._texts: list[dict[str, Any]] = []
        self._analyses: list[dict[str, Any]] = []
        self._quarantine: list[dict[str, Any]] = []
        self._again: list[str] = []
        self._bytes = 0
        self._begun = time.monotonic()

    def add(self, asset: Mapping[str, Any], outcome: Done[Analysis] | Failed) -> None:
        """Takes the outcome of one content; "tool missing" leaves no trace, so it comes again."""
        from dataq_analyzers.outcome import Failed

        if not isinstance(outcome, Failed):
            self._read(asset, outcome.value)
        elif outcome.error != "ToolMissing":
            rule = "unreadable" if outcome.error == "SkipContent" else f"analyzer_{outcome.kind}"
            self.refuse(asset, outcome.reason, rule)

    def refuse(self, asset: Mapping[str, Any], reason: str, rule: str = "unreadable") -> None:
        """Records that this content cannot be analyzed."""
        self._record(asset, outcome=rule, reason=reason)
        before = self._held.get(quarantine_id(asset))
        self._quarantine.append(
            {
                "id": quarantine_id(asset),
                "item_id": asset["item_id"],
                "asset_id": asset["id"],
                "source": asset["source"],
                "source_id": asset["source_id"],
                "stage": STAGE,
                "rule": rule,
                "category": "analysis",
                "severity": "warning" if rule == "unreadable" else "error",
                "reason": f"{asset['analyzer']}: {reason}",
                "attempts": before["attempts"] + 1 if before else 1,
                "state": "open",
                "created_at": before["created_at"] if before else self._now_us,
                "updated_at": self._now_us,
                "run_id": self._run_id,
            }
        )

    def is_full(self) -> bool:
        """Whether a commit pays."""
        return (
            self._bytes >= ROUND_BYTES
            or len(self._analyses) >= ROUND_ROWS
            or time.monotonic() - self._begun > ROUND_SECONDS
        )

    def differences(self) -> dict[str, Difference]:
        """What to commit, in order."""
        found: dict[str, Difference] = {}
        if self._quarantine:
            found["quarantine"] = replaced(self._quarantine)
        if self._texts:
            found["texts"] = Difference([batch_of("texts", self._texts)])
        if self._analyses:
            found["analyses"] = self._difference_of_analyses()
        return found

    def _difference_of_analyses(self) -> Difference:
        """A content tried again takes the place of its old outcome; other analyzers' stay."""
        rows = list(self._analyses)
        mine = {_key(row) for row in rows}
        if self._again:
            for batch in self._lake.table("analyses").rows(self._again):
                rows += [row for row in batch.to_pylist() if _key(row) not in mine]
        return Difference([batch_of("analyses", rows)], self._again)

    def _read(self, asset: Mapping[str, Any], analysis: Analysis) -> None:
        text = self._text(asset, analysis)
        self._texts.append(text)
        self._bytes += len(analysis.text)
        self._record(asset, "text" if analysis.units else "empty", text_id=text["id"])
        before = self._held.get(quarantine_id(asset))
        if before:
            self._quarantine.append(resolved(before, self._run_id, self._now_us))

    def _record(
        self,
        asset: Mapping[str, Any],
        outcome: str,
        reason: str | None = None,
        text_id: str | None = None,
    ) -> None:
        if quarantine_id(asset) in self._held:
            self._again.append(asset["file_hash"])
        self._analyses.append(
            {
                "content_hash": asset["file_hash"],
                "analyzer": asset["analyzer"],
                "analyzer_version": asset["analyzer_version"],
                "tools": list(_tools(asset["mime_type"]).items()),
                "outcome": outcome,
                "reason": reason,
                "text_id": text_id,
                "analyzed_at": self._now_us,
                "run_id": self._run_id,
            }
        )

    def _text(self, asset: Mapping[str, Any], analysis: Analysis) -> dict[str, Any]:
        key = (asset["file_hash"], asset["analyzer"], asset["analyzer_version"])
        return {
            "id": make_id("text", *key),
            "content_hash": key[0],
            "extractor": key[1],
            "extractor_version": key[2],
            "text_hash": hash_of(analysis.text),
            "text": analysis.text,
            "title": analysis.title,
            "language": analysis.language,
            "units": list(units(analysis.units)),
            "message": analysis.message.row() if analysis.message else None,
            "mail": analysis.mail.row() if analysis.mail else None,
            "events": [event.row() for event in analysis.events],
            "run_id": self._run_id,
        }


def units(found: Iterable[Unit]) -> Iterable[dict[str, Any]]:
    """Units as the column `units` has them."""
    for unit in found:
        yield {
            "segment_type": unit.kind,
            "start_marker": {"char": unit.start, **unit.start_place._asdict()},
            "end_marker": {"char": unit.end, **unit.end_place._asdict()},
        }


def quarantine_id(asset: Mapping[str, Any]) -> str:
    """One row a content and analyzer, whatever asset it turns up in."""
    return make_id("quarantine", STAGE, asset["file_hash"], asset["analyzer"])


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["content_hash"], row["analyzer"], row["analyzer_version"]


def _tools(media_type: str) -> dict[str, str]:
    from dataq_analyzers.registry import analyzer_for

    analyzer = analyzer_for(media_type)
    return analyzer.tools() if analyzer else {}
