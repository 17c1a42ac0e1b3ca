"""The edges of the relation as they are stored, and as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from dataq_assets.stages.likeness.nearest import NOBODY
from dataq_lake.column_types import METADATA
from dataq_lake.lake import Lake
from dataq_lake.schemas import TABLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int32]

TABLE = "relationships"
ROUND_ROWS = 10_000


@dataclass(frozen=True)
class Edges:
    """Edges between assets by the numbers of these, and how alike they are.

    An end that stands nowhere any more has the number NOBODY.
    """

    source: Numbers
    target: Numbers
    strength: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.source)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Those both of whose ends stand somewhere."""
        found: NDArray[np.bool_] = (self.source != NOBODY) & (self.target != NOBODY)
        return found

    def take(self, chosen: NDArray[np.bool_ | np.int64] | slice) -> Edges:
        """These of them."""
        return Edges(self.source[chosen], self.target[chosen], self.strength[chosen])

    def keys(self, size: int) -> NDArray[np.int64]:
        """A number for each, of `size` assets."""
        return self.source.astype(np.int64) * size + self.target


def stored(lake: Lake, relation: str, method: str, assets: pl.Series) -> tuple[Edges, list[str]]:
    """The stored edges by this method, and the ids of those that are not between two `assets`."""
    hashes = assets.hash()
    mine = lake.table(TABLE).scan().filter(pl.col("relationship_type") == relation)
    ends = [pl.col(name).hash().alias(name) for name in ("source_id", "target_id")]
    same = (pl.col("method") == method).alias("same")
    rows = mine.select(*ends, "strength", same).collect(engine="streaming")
    source, target = (_numbers(rows[name], hashes) for name in ("source_id", "target_id"))
    by_this = rows["same"].to_numpy()
    source[~by_this] = target[~by_this] = NOBODY
    edges = Edges(source, target, rows["strength"].to_numpy())
    known = edges.known
    if known.all():
        return edges, []
    past = rows.filter(pl.Series(~known)).select("source_id", "target_id")
    ids = mine.select("id", *ends).join(past.lazy(), on=["source_id", "target_id"], how="semi")
    return edges, ids.select("id").collect()["id"].to_list()


def ids_of(relation: str, edges: Edges, assets: pl.Series) -> list[str]:
    """The id of each edge, as `make_id` has it."""
    begin = blake2b(f"{len(relation.encode())}:{relation}".encode(), digest_size=16)
    ends = (assets.gather(each).to_list() for each in (edges.source, edges.target))
    found = []
    for source, target in zip(*ends, strict=True):
        digest = begin.copy()
        digest.update(f"{len(source)}:{source}{len(target)}:{target}".encode())
        found.append(digest.hexdigest())
    return found


def rows_of(
    relation: str, method: str, edges: Edges, assets: pl.Series, run_id: str
) -> Iterator[pa.RecordBatch]:
    """Edges as rows of the table."""
    schema = TABLES[TABLE].schema
    for start in range(0, len(edges), ROUND_ROWS):
        some = edges.take(slice(start, start + ROUND_ROWS))
        rows = len(some)
        columns = {
            "id": pa.array(ids_of(relation, some, assets), pa.string()),
            "source_id": assets.gather(some.source).to_arrow().cast(pa.string()),
            "target_id": assets.gather(some.target).to_arrow().cast(pa.string()),
            "relationship_type": pa.repeat(relation, rows),
            "strength": pa.array(some.strength),
            "method": pa.repeat(method, rows),
            "metadata": pa.MapArray.from_arrays([0] * (rows + 1), [], []).cast(METADATA),
            "run_id": pa.repeat(run_id, rows),
        }
        yield pa.RecordBatch.from_arrays([columns[each] for each in schema.names], schema=schema)


def _numbers(ids: pl.Series, hashes: pl.Series) -> Numbers:
    """The place of each in what `hashes` are of, NOBODY where it is not there."""
    places = pl.DataFrame({"hash": hashes, "place": np.arange(len(hashes), dtype=np.int32)})
    found = pl.DataFrame({"hash": ids}).join(places, on="hash", how="left", maintain_order="left")
    return found["place"].fill_null(NOBODY).to_numpy().copy()
