"""What an asset returns: the rows to add and the keys to take away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Difference:
    """`gone` leaves first, then `new` is added; rows of `new` whose key is still there are skipped.

    `gone` holds values of column `key`, by default the first key column of the table, so a row in
    both `gone` and `new` is replaced. Applying the same difference twice is applying it once.
    """

    new: Iterable[pa.RecordBatch] = ()
    gone: Iterable[str] = ()
    key: str | None = None
