"""What a tagger is, and how the files that declare them are found."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from dataq_assets.stages import taggers
from dataq_lake.lake import Lake
from dataq_lake.schemas.groups import MANUAL

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Tagger:
    """One that says what holds of current assets. A new `version` finds all of its tags again.

    `tags` has the columns entity_id, tag and confidence (0 to 1); all others are evidence.
    """

    name: str
    reads: tuple[str, ...]
    version: str
    tags: Callable[[Lake], pl.LazyFrame]

    @property
    def is_manual(self) -> bool:
        """Whether it only repeats what people have said."""
        return self.name == MANUAL


@cache
def all_taggers() -> tuple[Tagger, ...]:
    """Every file of the taggers folder, by name."""
    return tuple(_declared(info.name) for info in pkgutil.iter_modules(taggers.__path__))


def _declared(name: str) -> Tagger:
    module = import_module(f"{taggers.__name__}.{name}")
    return Tagger(name, module.READS, module.VERSION, module.tags)
