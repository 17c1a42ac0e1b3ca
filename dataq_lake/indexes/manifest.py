"""What a snapshot is made of: its parts, its text index, and the table versions behind them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from dataq_lake.errors import UpgradeDataq

FORMAT = 3  # 1 named the tables behind the index only, 2 every table, 3 has index_format
INDEX_FORMAT = 3
# 1 had what hits show in the text index; 2 every word as in English, vectors all of unit length


@dataclass(frozen=True)
class Model:
    """The embedding model whose vectors a snapshot holds."""

    name: str
    version: str
    dimensions: int


NO_MODEL = Model("", "", 0)


@dataclass(frozen=True)
class PartEntry:
    """A part of `rows` vectors, of which `gone` no longer count in this snapshot."""

    id: str
    rows: int
    gone: int = 0

    @property
    def live(self) -> int:
        """How many of its rows count."""
        return self.rows - self.gone


@dataclass(frozen=True)
class Manifest:
    """One published snapshot; `created_at` is ISO 8601 in UTC, `tables` maps names to versions.

    A snapshot of a lake in which nothing was indexed yet has NO_MODEL, no parts and no texts. One
    made to keep a state has the index of the one before, in that one's `index_format`.
    """

    id: str
    sequence: int
    parent: str | None
    created_at: str
    run_id: str
    model: Model
    segments: int
    parts: tuple[PartEntry, ...]
    tables: dict[str, int] = field(default_factory=dict)
    format: int = FORMAT
    index_format: int = INDEX_FORMAT

    @property
    def folder(self) -> str:
        """The name of the snapshot's folder, which sorts by age."""
        return f"{self.sequence:08}-{self.id}"

    @property
    def has_index(self) -> bool:
        """Whether it can be searched."""
        return self.model != NO_MODEL

    @property
    def names_all_tables(self) -> bool:
        """Whether a table that it does not name was not there yet."""
        return self.format > 1

    @property
    def shows_from_parts(self) -> bool:
        """Whether its parts hold what a hit shows, not its text index."""
        return self.index_format > 1

    @property
    def stems_by_language(self) -> bool:
        """Whether its words have the stems of their texts' languages, not all those of English."""
        return self.index_format > 2

    @property
    def can_grow(self) -> bool:
        """Whether its index can be built on: one of an older format is built anew."""
        return self.has_index and self.index_format == INDEX_FORMAT

    def extends_to(self, model: Model) -> bool:
        """Whether a snapshot of `model` can build on this one."""
        return self.model == model and self.can_grow

    def to_json(self) -> str:
        """The manifest as it is stored."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def parse_manifest(text: str | bytes) -> Manifest:
    """The manifest stored in `text`; raises UpgradeDataq if a newer DataQ wrote it."""
    stored: dict[str, Any] = json.loads(text)
    if stored["format"] > FORMAT:
        raise UpgradeDataq(
            f"snapshot {stored['id']} has format {stored['format']}, this DataQ knows up to "
            f"{FORMAT}: upgrade DataQ"
        )
    parts = tuple(PartEntry(**part) for part in stored.pop("parts"))
    stored.setdefault("index_format", 1)
    return Manifest(model=Model(**stored.pop("model")), parts=parts, **stored)
