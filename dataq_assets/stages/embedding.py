"""Texts to vectors in the pool's workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataq_analyzers.outcome import Done, Failed
from dataq_lake.embedders import embedder
from dataq_lake.errors import CannotEmbed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dataq_analyzers.pool import Pool

BATCH_TEXTS = 64
WEIGHT = 16


class Batch(NamedTuple):
    """Some texts, and the name of the model that is to embed them."""

    model: str
    texts: list[str]


def embed(batch: Batch) -> NDArray[np.float32]:
    """One row a text, (n, dimensions); raises ModelNotInstalled."""
    return embedder(batch.model).embed(batch.texts)


def weight(batch: Batch) -> int:
    """What a batch weighs in the pool: more than its bytes, so that it is shared out finely."""
    return WEIGHT * sum(map(len, batch.texts))


def embed_all(pool: Pool, model: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """What `embed` makes of `texts` in the pool, in their order; raises CannotEmbed."""
    starts = range(0, len(texts), BATCH_TEXTS)
    batches = (Batch(model, list(texts[start : start + BATCH_TEXTS])) for start in starts)
    made = {done.index: value_of(model, done) for done in pool.map(embed, batches, size=weight)}
    return np.concatenate([made[number] for number in range(len(starts))])


def value_of(model: str, outcome: Done[NDArray[np.float32]] | Failed) -> NDArray[np.float32]:
    """The vectors; raises CannotEmbed where there are none."""
    if isinstance(outcome, Failed):
        raise CannotEmbed(f"{model} did not embed: {outcome.reason}")
    return outcome.value
