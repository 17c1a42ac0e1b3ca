"""Lets the vector of a segment know the title it stands under.

A passage in the middle of a mail says little of its subject. Measured on mails by their subjects
and manual sections by their headings, a third of the title's vector lifts vector search from 0.38
to 0.94 and from 0.72 to 0.75 (R@10, docs/search.md). The table of embeddings keeps the text's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dataq_lake.indexes.documents import Embed

TITLE_WEIGHT = 0.3


def titled(
    vectors: NDArray[np.float32], titles: Sequence[str | None], embed: Embed
) -> NDArray[np.float32]:
    """`vectors` (n, dimensions) with each title's share, of unit length again.

    `embed` makes the vectors of titles and raises what it raises.
    """
    distinct = sorted({title for title in titles if title})
    if not distinct:
        return vectors
    numbers = {title: number for number, title in enumerate(distinct, 1)}
    table = np.zeros((len(distinct) + 1, vectors.shape[1]), np.float32)
    table[1:] = embed(distinct)
    mixed: NDArray[np.float32] = (
        vectors + TITLE_WEIGHT * table[[numbers.get(title or "", 0) for title in titles]]
    )
    lengths = np.linalg.norm(mixed, axis=1, keepdims=True)
    np.divide(mixed, lengths, out=mixed, where=lengths > 0)
    return mixed
