"""What a destination gets while it is proved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

Row = Mapping[str, Any]
ROWS: tuple[Row, ...] = (
    {"id": "1", "title": 'Äpfel\n"quoted"', "size": 1},
    {"id": "2", "title": None, "size": 2},
    {"id": "3", "title": "", "size": 3},
)


@dataclass(frozen=True)
class Parcel:
    """Rows that the receiver takes, and what else is needed to see what the plugin does with them.

    Each row's first column is its key. `refused` are rows that the receiver refuses; `away` are
    settings, besides the ones that work, under which nobody is there; `taken` counts the rows that
    the receiver has. What is not given is not checked.
    """

    rows: Sequence[Row] = ROWS
    table: str = "conformance"
    refused: Sequence[Row] = ()
    away: Mapping[str, str] | None = None
    taken: Callable[[], int] | None = None

    def of(
        self, name: str, form: str, rows: Sequence[Row] | None = None, *, changes: bool = False
    ) -> pb.Delivery:
        """Return the rows as a delivery under an id of its own; `form` is "json" or "arrow"."""
        given = self.rows if rows is None else rows
        keys = [str(row["key"] if changes else next(iter(row.values()))) for row in given]
        return pb.Delivery(
            id=blake2b(name.encode(), digest_size=16).hexdigest(),
            table=self.table,
            row_id=keys,
            rows=_arrow(given) if form == "arrow" else _lines(given),
            changes=changes,
        )

    def changes(self) -> list[Row]:
        """Return the rows as changes: each is there now, and the first then goes."""
        keys = [str(next(iter(row.values()))) for row in self.rows]
        pairs = list(zip(keys, self.rows, strict=True))
        told = [_change("upsert", key, 1, row) for key, row in pairs]
        return [*told, *(_change("delete", key, 2, None) for key, _ in pairs[:1])]


def _change(op: str, key: str, version: int, row: Row | None) -> Row:
    idempotency_key = blake2b(f"{op} {key}".encode(), digest_size=16).hexdigest()
    return {
        "op": op,
        "key": key,
        "version": version,
        "idempotency_key": idempotency_key,
        "row": row,
    }


def _lines(rows: Sequence[Row]) -> bytes:
    return b"\n".join(json.dumps(dict(row), ensure_ascii=False).encode() for row in rows)


def _arrow(rows: Sequence[Row]) -> bytes:
    import pyarrow as pa

    table = pa.Table.from_pylist([dict(row) for row in rows])
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    return bytes(out.getvalue())
