"""How one table of the lake is declared."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Table:
    """One table: `key` is unique, `bulky` columns carry no dictionary and no statistics.

    Rows of an `insert_only` table are never changed nor taken away by a write. Of a `scattered`
    one few are wanted from everywhere: its row groups are small, for they are read whole.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    doc: str
    bulky: tuple[str, ...] = ()
    version: int = 1
    insert_only: bool = False
    scattered: bool = False
