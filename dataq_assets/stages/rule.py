"""What a rule of the gate sees and says, and how the rules are found."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from dataq_assets.stages import rules


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item at the gate; `data` is its whole content unless `size` says there is more."""

    item_id: str
    source: str
    source_id: str
    timestamp_us: int | None
    observed_us: int
    declared_type: str
    detected_type: str
    is_text: bool
    encoding: str | None
    size: int
    data: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    is_twin: bool = False  # another item of its run has the same id and time, but other content


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What a source may set for its gate; bytes, and a ratio of unpacked to packed size."""

    max_item_bytes: int = 16 << 30
    max_unpacked_bytes: int = 4 << 30
    max_ratio: float = 200.0
    future_days: int = 2
    metadata_schema: Mapping[str, Any] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an item does not pass."""

    rule: str
    category: str
    severity: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A named check: `broken` returns the reason, or None where the item may pass."""

    name: str
    category: str
    severity: str
    order: int
    broken: Callable[[Candidate, GateSettings], str | None]


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every file of the rules folder, those that explain most first."""
    found = []
    for module_info in pkgutil.iter_modules(rules.__path__):
        module = import_module(f"{rules.__name__}.{module_info.name}")
        order = getattr(module, "ORDER", 50)
        rule = Rule(module_info.name, module.CATEGORY, module.SEVERITY, order, module.broken)
        found.append(rule)
    return tuple(sorted(found, key=lambda rule: (rule.order, rule.name)))


def first_broken(candidate: Candidate, settings: GateSettings) -> Rejection | None:
    """The first rule that the item breaks, None if it may pass."""
    for rule in all_rules():
        if rule.name in settings.disabled:
            continue
        reason = rule.broken(candidate, settings)
        if reason is not None:
            return Rejection(rule.name, rule.category, rule.severity, reason)
    return None
