"""Which transformations an item gets, by its metadata, and what comes out of them."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module

from dataq_assets.stages import transforms


class Dropped(Exception):
    """The item is not wanted; the message says by which setting."""


class CannotTransform(Exception):
    """The bytes are not what the transformation needs; the item is quarantined."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a transformation gets and gives; `encoding` is that of text, None for anything else."""

    data: bytes
    media_type: str
    encoding: str | None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TransformRule:
    """Apply `name` to items that fit every pattern of `when`.

    A key of `when` is source_id, content_type or a metadata key, a value a shell pattern.
    """

    name: str
    when: Mapping[str, str] = field(default_factory=dict)

    def fits(self, source_id: str, payload: Payload) -> bool:
        """Whether this item is meant."""
        known = {**payload.metadata, "source_id": source_id, "content_type": payload.media_type}
        return all(fnmatchcase(known.get(key, ""), pattern) for key, pattern in self.when.items())


Transform = Callable[[Payload], Payload]


@cache
def all_transforms() -> Mapping[str, Transform]:
    """Every file of the transforms folder by its name."""
    names = [info.name for info in pkgutil.iter_modules(transforms.__path__)]
    return {name: import_module(f"{transforms.__name__}.{name}").apply for name in names}


def transformed(
    source_id: str, payload: Payload, rules: Sequence[TransformRule]
) -> tuple[Payload, tuple[str, ...]]:
    """The payload after every rule that fits, in order, and the names of those that changed it.

    Raises Dropped and CannotTransform.
    """
    applied = []
    for rule in rules:
        if not rule.fits(source_id, payload):
            continue
        before, payload = payload, all_transforms()[rule.name](payload)
        if payload != before:
            applied.append(rule.name)
    return payload, tuple(applied)
