"""One item at the gate: what it is, whether it passes, and what it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from dataq_assets.stages.describing import Glance, classification, glance
from dataq_assets.stages.rule import Candidate, GateSettings, Rejection, first_broken
from dataq_assets.stages.transform import (
    CannotTransform,
    Dropped,
    Payload,
    TransformRule,
    transformed,
)

if TYPE_CHECKING:
    from dataq_analyzers.detect import Detected

TEXT_CLASSES = frozenset({"text", "page", "code", "data", "mail"})


@dataclass(frozen=True)
class GatePlan:
    """How one source's items are judged."""

    settings: GateSettings = field(default_factory=GateSettings)
    transforms: tuple[TransformRule, ...] = ()


class Passed(NamedTuple):
    """An item's columns, and its bytes where a transformation changed them."""

    row: dict[str, Any]
    changed: bytes | None


class Case(NamedTuple):
    """A raw row without its payload, and its content, or the beginning if `raw["size"]` is more."""

    raw: dict[str, Any]
    data: bytes
    is_twin: bool
    plan: GatePlan


def weight(case: Case) -> int:
    """The bytes that a case weighs in the pool."""
    return len(case.data)


def judge(case: Case) -> Passed | Rejection:
    """The item that becomes of a raw row, or why it is rejected.

    Rules see what the transformations made of the content: base64 of a picture is no text.
    """
    raw, data, is_twin, plan = case
    whole = len(data) == raw["size"] and raw["problem"] is None
    found = _detected(raw, data)
    names: tuple[str, ...] = ()
    try:
        if plan.transforms and whole:
            before = Payload(data, found.media_type, found.encoding, dict(raw["metadata"] or ()))
            after, names = transformed(raw["source_id"], before, plan.transforms)
            data, found = (after.data, _detected(raw, after.data)) if names else (data, found)
    except Dropped as reason:
        return Rejection("drop", "policy", "info", str(reason))
    except CannotTransform as reason:
        return Rejection("transform", "content", "error", str(reason))
    candidate = _candidate(raw, data, found, is_twin, transformed=bool(names))
    rejection = first_broken(candidate, plan.settings)
    if rejection is not None:
        return rejection
    row = _row(raw, candidate, found, seen=_seen(candidate, found) if whole else Glance())
    if not names:
        return Passed(row, None)
    content_hash = sha256(data).hexdigest()
    return Passed({**row, "content_hash": content_hash, "transform": ",".join(names)}, data)


def _detected(raw: Mapping[str, Any], data: bytes) -> Detected:
    from dataq_analyzers.detect import detect

    return detect(data, raw["source_id"].rpartition("/")[2], raw["content_type"] or "")


def _candidate(
    raw: Mapping[str, Any], data: bytes, found: Detected, is_twin: bool, transformed: bool
) -> Candidate:
    return Candidate(
        item_id=raw["item_id"],
        source=raw["source"],
        source_id=raw["source_id"],
        timestamp_us=raw["timestamp"],
        observed_us=raw["observed_at"],
        declared_type=raw["content_type"] or "",
        detected_type=found.media_type,
        is_text=classification(found.media_type) in TEXT_CLASSES,
        encoding=found.encoding,
        size=len(data) if transformed else raw["size"],
        data=data,
        metadata=dict(raw["metadata"] or ()),
        problem=raw["problem"],
        is_twin=is_twin,
    )


def _row(
    raw: Mapping[str, Any], candidate: Candidate, found: Detected, seen: Glance
) -> dict[str, Any]:
    return {
        "item_id": candidate.item_id,
        "source": candidate.source,
        "source_id": candidate.source_id,
        "sequence": raw["sequence"],
        "timestamp": candidate.timestamp_us,
        "declared_type": candidate.declared_type,
        "detected_type": found.media_type,
        "language": seen.language,
        "title": seen.title,
        "text_length": seen.text_length,
        "quality_score": seen.quality_score,
        "classification": classification(found.media_type),
        "size": candidate.size,
        "content_hash": raw["content_hash"],
    }


def _seen(candidate: Candidate, found: Detected) -> Glance:
    if not candidate.is_text or found.encoding is None:
        return Glance()
    try:
        text = candidate.data.decode(found.encoding, "replace")
    except LookupError:  # text of an encoding that has a name but no table, "unknown-8bit"
        text = candidate.data.decode("cp1252", "replace")
    return glance(text, found.quality)
