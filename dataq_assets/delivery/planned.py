"""A delivery that was planned, with what is to be on record of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dataq_plugins.host import Delivery


@dataclass(frozen=True)
class Planned:
    """A delivery to be sent; `step` is the last that is on record, None if none is yet.

    `sequence` and `row_hashes` are those of changes.
    """

    delivery: Delivery
    step: int | None = None
    watermark: int | None = None
    sequence: int | None = None
    row_hashes: tuple[str, ...] | None = None

    def marked(self, watermark: int | None) -> Planned:
        """The last of a run: with it all of this version of the table is planned."""
        return replace(self, watermark=watermark)


@dataclass(frozen=True)
class Lost:
    """A delivery on record that cannot be sent as it was, and the state in which it ends."""

    id: str
    step: int
    rows: int
    state: str
    reason: str
