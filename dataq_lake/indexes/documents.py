"""What is published: segments with their vectors and all that a search hit shows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dataq_lake.errors import WrongSchema
from dataq_lake.indexes.brevity import shortened
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
    Vectors = Callable[[pa.RecordBatch], NDArray[np.float32]]

_TEXTS = pa.schema([("segment_id", ID), *SHOWN])
_MAY_LACK = {"language"}
DOCUMENTS = pa.schema([*_TEXTS, ("vector", pa.list_(pa.float32()))])


@dataclass(frozen=True)
class Publication:
    """A difference to the index: `new` has the columns DOCUMENTS, `gone` holds segment ids.

    `vectors` gives the vectors (n, dimensions) of some rows of a batch of `new` where that has no
    such column: it is asked once their texts are being indexed, which goes on meanwhile.

    Gone leaves first, then new is added; new segments that are there already are skipped. A model
    other than the current snapshot's starts an index of its own, so `new` must then be everything.
    `embed` gives the model's vectors of titles; None: the model in this process. `withheld` counts
    what is kept back by its reasons, and changes nothing.
    """

    model: Model
    new: Iterable[pa.RecordBatch] = ()
    gone: Iterable[str] = ()
    tables: Mapping[str, int] = field(default_factory=dict)
    embed: Embed | None = None
    vectors: Vectors | None = None
    withheld: Mapping[str, int] = field(default_factory=dict)

    def vectors_of(self, batch: pa.RecordBatch) -> NDArray[np.float32]:
        """The vectors of a batch of `new`; raises WrongSchema for those of another size."""
        found = self.vectors(batch) if self.vectors else _column(batch)
        if found.size != batch.num_rows * self.model.dimensions:
            raise WrongSchema(
                f"documents to index need a vector of {self.model.dimensions} numbers each"
            )
        return found.reshape(batch.num_rows, self.model.dimensions)


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
    """`batch` without vectors in the types of DOCUMENTS; raises WrongSchema if some is missing.

    Without `language`, that of its texts is unknown.
    """
    missing = [name for name in _TEXTS.names if name not in batch.schema.names]
    if not _MAY_LACK.issuperset(missing):
        raise WrongSchema(f"documents to index lack {', '.join(missing)}")
    columns = [
        pa.nulls(batch.num_rows, field.type)
        if field.name in missing
        else batch.column(field.name).cast(field.type)
        for field in _TEXTS
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_TEXTS)


def rows_of(batch: pa.RecordBatch, vectors: NDArray[np.float32], publication: Publication) -> Rows:
    """What a part keeps of a checked batch with these vectors."""
    embed = publication.embed or partial(_embedded_here, publication.model)
    mixed = titled(vectors, batch.column("title").to_pylist(), embed)
    return Rows(
        to_keys(batch.column("segment_id").to_pylist()),
        shortened(mixed, batch.column("text").to_pylist()),
        pa.Table.from_batches([batch.select(SHOWN.names)]),
    )


def _column(batch: pa.RecordBatch) -> NDArray[np.float32]:
    if "vector" not in batch.schema.names:
        raise WrongSchema("documents to index lack vector")
    vector = batch.column("vector").drop_null()
    found: NDArray[np.float32] = vector.flatten().to_numpy(zero_copy_only=False)
    return found


def _embedded_here(model: Model, texts: Sequence[str]) -> NDArray[np.float32]:
    from dataq_lake.embedders import embedder

    return embedder(model.name).embed(texts)


def text_documents(batch: pa.RecordBatch) -> Iterable[dict[str, Any]]:
    """The documents of a checked batch as the text index takes them."""
    micros = batch.column("timestamp").cast(pa.int64())
    rows = batch.drop_columns(["timestamp", "asset_id"]).rename_columns(
        ["id", "source", "path", "mime_type", "title", "text", "language"]
    )
    for document, time in zip(rows.to_pylist(), micros.to_pylist(), strict=True):
        language = document.pop("language")
        yield {
            **{name: value or "" for name, value in document.items()},
            "name": (document["path"] or "").rpartition("/")[2],
            **({} if time is None else {"timestamp": time}),
            **({"language": language} if language else {}),
        }
