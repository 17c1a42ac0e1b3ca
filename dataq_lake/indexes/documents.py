"""What is published: segments with their vectors and all that a search hit shows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dataq_lake.errors import WrongSchema
from dataq_lake.indexes.keys import to_keys
from dataq_lake.indexes.part import Rows
from dataq_lake.indexes.shown import SHOWN
from dataq_lake.indexes.titles import titled
from dataq_lake.schemas import ID

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataq_lake.indexes.manifest import Model

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

DOCUMENTS = pa.schema(
    [
        ("segment_id", ID),
        *SHOWN,
        ("vector", pa.list_(pa.float32())),
    ]
)


@dataclass(frozen=True)
class Publication:
    """A difference to the index: `new` has the columns DOCUMENTS, `gone` holds segment ids.

    Gone leaves first, then new is added; new segments that are there already are skipped. A model
    other than the current snapshot's starts an index of its own, so `new` must then be everything.
    `embed` gives the model's vectors of titles; None: the model in this process.
    """

    model: Model
    new: Iterable[pa.RecordBatch] = ()
    gone: Iterable[str] = ()
    tables: Mapping[str, int] = field(default_factory=dict)
    embed: Embed | None = None


@dataclass(frozen=True)
class Published:
    """What publishing did; `snapshot` is the current one's id, None where there is none yet."""

    snapshot: str | None
    added: int = 0
    removed: int = 0
    segments: int = 0
    parts: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether a new snapshot was made."""
        return bool(self.added or self.removed)


def checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` in the types of DOCUMENTS; raises WrongSchema naming what is missing."""
    missing = [name for name in DOCUMENTS.names if name not in batch.schema.names]
    if missing:
        raise WrongSchema(f"documents to index lack {', '.join(missing)}")
    columns = [batch.column(field.name).cast(field.type) for field in DOCUMENTS]
    return pa.RecordBatch.from_arrays(columns, schema=DOCUMENTS)


def rows_of(batch: pa.RecordBatch, publication: Publication) -> Rows:
    """What a part keeps of a checked batch; raises WrongSchema for vectors of another size."""
    model = publication.model
    embed = publication.embed or partial(_embedded_here, model)
    vector = batch.column("vector")
    flat = vector.flatten().to_numpy(zero_copy_only=False)
    if vector.null_count or len(flat) != batch.num_rows * model.dimensions:
        raise WrongSchema(f"documents to index need a vector of {model.dimensions} numbers each")
    return Rows(
        to_keys(batch.column("segment_id").to_pylist()),
        titled(flat.reshape(batch.num_rows, -1), batch.column("title").to_pylist(), embed),
        pa.Table.from_batches([batch.select(SHOWN.names)]),
    )


def _embedded_here(model: Model, texts: Sequence[str]) -> NDArray[np.float32]:
    from dataq_lake.embedders import embedder

    return embedder(model.name).embed(texts)


def text_documents(batch: pa.RecordBatch) -> Iterable[dict[str, Any]]:
    """The documents of a checked batch as the text index takes them."""
    micros = batch.column("timestamp").cast(pa.int64())
    rows = batch.drop_columns(["vector", "timestamp", "asset_id"]).rename_columns(
        ["id", "source", "path", "mime_type", "title", "text"]
    )
    for document, time in zip(rows.to_pylist(), micros.to_pylist(), strict=True):
        yield {
            **{name: value or "" for name, value in document.items()},
            "name": (document["path"] or "").rpartition("/")[2],
            **({} if time is None else {"timestamp": time}),
        }
