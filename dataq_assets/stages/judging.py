"""One item at the gate: what it is, whether it passes, and what it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from dataq_assets.stages.describing import Glance, classification, glance
from dataq_assets.stages.rule import Candidate, GateSettings, Rejection, first_broken
from dataq_assets.stages.transform import (
    CannotTransform,
    Dropped,
    Payload,
    TransformRule,
    transformed,
)

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


def judge(raw: Mapping[str, Any], data: bytes, is_twin: bool, plan: GatePlan) -> Passed | Rejection:
    """The item of a raw row (without its payload), or why it is rejected.

    `data` is the whole content, or its beginning where `raw["size"]` says there is more.
    """
    from dataq_analyzers.detect import detect

    name = raw["source_id"].rpartition("/")[2]
    detected = detect(data, name, raw["content_type"] or "")
    kind = classification(detected.media_type)
    candidate = Candidate(
        item_id=raw["item_id"],
        source=raw["source"],
        source_id=raw["source_id"],
        timestamp_us=raw["timestamp"],
        observed_us=raw["observed_at"],
        declared_type=raw["content_type"] or "",
        detected_type=detected.media_type,
        is_text=kind in TEXT_CLASSES,
        encoding=detected.encoding,
        size=raw["size"],
        data=data,
        metadata=dict(raw["metadata"] or ()),
        problem=raw["problem"],
        is_twin=is_twin,
    )
    rejection = first_broken(candidate, plan.settings)
    return rejection or _transformed(candidate, kind, raw, plan)


def _transformed(
    candidate: Candidate, kind: str, raw: Mapping[str, Any], plan: GatePlan
) -> Passed | Rejection:
    before = Payload(
        candidate.data, candidate.detected_type, candidate.encoding, candidate.metadata
    )
    whole = len(candidate.data) == candidate.size
    names: tuple[str, ...] = ()
    after = before
    try:
        if plan.transforms and whole:
            after, names = transformed(candidate.source_id, before, plan.transforms)
    except Dropped as reason:
        return Rejection("drop", "policy", "info", str(reason))
    except CannotTransform as reason:
        return Rejection("transform", "content", "error", str(reason))
    changed = after.data if names else None
    seen = _seen(after, kind) if whole else Glance()
    row = {
        "item_id": candidate.item_id,
        "source": candidate.source,
        "source_id": candidate.source_id,
        "sequence": raw["sequence"],
        "timestamp": candidate.timestamp_us,
        "declared_type": candidate.declared_type,
        "detected_type": after.media_type,
        "language": seen.language,
        "title": seen.title,
        "text_length": seen.text_length,
        "quality_score": seen.quality_score,
        "classification": kind,
        "size": candidate.size if changed is None else len(changed),
        "content_hash": raw["content_hash"] if changed is None else sha256(changed).hexdigest(),
        "transform": ",".join(names) or None,
    }
    return Passed(row, changed)


def _seen(payload: Payload, kind: str) -> Glance:
    if kind not in TEXT_CLASSES or payload.encoding is None:
        return Glance()
    try:
        text = payload.data.decode(payload.encoding, "replace")
    except LookupError:  # text of an encoding that has a name but no table, "unknown-8bit"
        text = payload.data.decode("cp1252", "replace")
    return glance(text)
