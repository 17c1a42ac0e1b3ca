"""How a change travels: what happened to which key, in which version, and the row as it is now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import pyarrow as pa

from dataq_assets.delivery.encoding import ipc_stream, json_lines
from dataq_assets.delivery.packing import cuts
from dataq_assets.delivery.planned import Planned
from dataq_lake.ids import make_id
from dataq_plugins.host import Delivery
from dataq_resources.destinations import Destination

GONE = ""
"""What stands for the hash of a row that is gone."""
FRAME_BYTES = 130
"""What an envelope has beside key and row, at most."""


@dataclass(frozen=True)
class ChangePacker:
    """Makes deliveries of changes, in the form that the plugin takes ("json" or "arrow").

    A change is {op: upsert or delete, key, version, idempotency_key, row: null where it is gone}.
    """

    destination: Destination
    form: str
    schema: pa.Schema
    """Of the rows."""

    def packed(self, rows: pa.Table, after: int) -> list[Planned]:
        """Upserts of the rows; versions are those after `after`, one a delivery."""
        given = self.destination.config
        keys = [str(key) for key in rows.column(given.key_column).to_pylist()]
        lines = json_lines(rows)
        sizes = [len(line) + len(key) for line, key in zip(lines, keys, strict=True)]
        hashes = tuple(map(_hash, lines))
        return [
            self._planned(keys[a:b], hashes[a:b], after + number, rows.slice(a, b - a))
            for number, (a, b) in enumerate(self._pieces(sizes), 1)
        ]

    def gone(self, keys: Sequence[str], after: int) -> list[Planned]:
        """Deletions of these keys."""
        return [
            self._planned(keys[a:b], (GONE,) * (b - a), after + number, None)
            for number, (a, b) in enumerate(self._pieces([len(key) for key in keys]), 1)
        ]

    def same(
        self, delivery_id: str, keys: Sequence[str], version: int, rows: pa.Table | None
    ) -> Delivery:
        """A delivery under an id that it has already; without rows these are gone."""
        ids = [make_id(self.destination.name, key, version) for key in keys]
        content = (
            self._arrow(keys, ids, version, rows)
            if self.form == "arrow"
            else b"\n".join(_lines(keys, ids, version, rows))
        )
        table = self.destination.config.table
        return Delivery(delivery_id, table, tuple(keys), content, changes=True)

    def _planned(
        self, keys: Sequence[str], hashes: tuple[str, ...], version: int, rows: pa.Table | None
    ) -> Planned:
        name = self.destination.name
        delivery = self.same(make_id(name, version, *keys, *hashes), keys, version, rows)
        return Planned(delivery, sequence=version, row_hashes=hashes)

    def _pieces(self, sizes: Sequence[int]) -> list[tuple[int, int]]:
        given = self.destination.config
        whole = [size + FRAME_BYTES for size in sizes]
        return list(pairwise(cuts(whole, given.batch_rows, given.batch_bytes)))

    def _arrow(
        self, keys: Sequence[str], ids: Sequence[str], version: int, rows: pa.Table | None
    ) -> bytes:
        count = len(keys)
        kind = pa.struct(list(self.schema))
        if rows is None:
            row: pa.Array = pa.nulls(count, kind)
        else:
            columns = [rows.column(field.name).combine_chunks() for field in self.schema]
            row = pa.StructArray.from_arrays(columns, fields=list(self.schema))
        op = "upsert" if rows is not None else "delete"
        return ipc_stream(
            pa.table(
                {
                    "op": pa.array([op] * count, pa.string()),
                    "key": pa.array(keys, pa.string()),
                    "version": pa.array([version] * count, pa.int64()),
                    "idempotency_key": pa.array(ids, pa.string()),
                    "row": row,
                }
            )
        )


def row_hashes(rows: pa.Table) -> tuple[str, ...]:
    """A hash of each row, of the names of its columns too: 128 bits as 32 hex digits."""
    return tuple(map(_hash, json_lines(rows)))


def _hash(line: bytes) -> str:
    return blake2b(line, digest_size=16).hexdigest()


def _lines(
    keys: Sequence[str], ids: Sequence[str], version: int, rows: pa.Table | None
) -> list[bytes]:
    op = "upsert" if rows is not None else "delete"
    told = [b"null"] * len(keys) if rows is None else json_lines(rows)
    return [
        b'{"op":"%b","key":%b,"version":%d,"idempotency_key":"%b","row":%b}'
        % (op.encode(), json.dumps(key, ensure_ascii=False).encode(), version, id_.encode(), row)
        for key, id_, row in zip(keys, ids, told, strict=True)
    ]
