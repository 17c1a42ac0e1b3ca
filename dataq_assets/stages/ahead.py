"""Vectors of new texts, made by workers that would wait while texts and segments are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from typing import TYPE_CHECKING

from dataq_assets.stages.embedding import BATCH_TEXTS, Batch, embed, weight
from dataq_assets.stages.hashing import hash_of
from dataq_assets.stages.sent import Sent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataq_analyzers.interface import Analysis
    from dataq_analyzers.outcome import Done, Failed
    from dataq_analyzers.pool import Pool

KEY = "ahead"
MOST_TEXTS = 32_768
"""So many vectors are held in memory at most: 32 MB of 256 numbers each."""


def parts_of(outcome: Done[Analysis] | Failed) -> Iterator[tuple[str, str]]:
    """Hash and text of each segment that a content is going to have."""
    from dataq_analyzers.outcome import Done

    if isinstance(outcome, Done):
        found = outcome.value
        for unit in found.units:
            part = found.text[unit.start : unit.end]
            yield hash_of(part), part


class Ahead:
    """Embeds what is wanted in a thread, in the order in which it is wanted.

    It only saves time: what fails here has no vector, and whoever needs it makes it and says why.
    """

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool = pool
        self._model = model
        self._wanted: set[str] = set()
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._thread = ThreadPoolExecutor(1, "ahead")
        self._work: list[Future[None]] = []
        self._closed = False

    def want(self, texts: Iterable[tuple[str, str]]) -> None:
        """Begin to embed these, hash and text each; what is over the limit is left out."""
        room = MOST_TEXTS - len(self._wanted)
        new = {hash_: text for hash_, text in texts if hash_ not in self._wanted}
        chosen = dict(list(new.items())[:room])
        if chosen:
            self._wanted.update(chosen)
            self._work.append(self._thread.submit(self._embed, chosen))

    def vectors(self) -> Mapping[str, NDArray[np.float32]]:
        """The vectors by the hashes of their texts, when all that is wanted has been tried."""
        wait(self._work)
        return self._vectors

    def close(self) -> None:
        """Make no more."""
        self._closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _embed(self, texts: Mapping[str, str]) -> None:
        from dataq_analyzers.outcome import Done

        sent: Sent[list[str]] = Sent()
        batches = self._batches(texts, sent)
        with closing(self._pool.map(embed, batches, size=weight)) as outcomes:
            for outcome in outcomes:
                hashes = sent.take(outcome.index)
                if isinstance(outcome, Done):
                    self._vectors.update(zip(hashes, outcome.value, strict=True))
                if self._closed:
                    return

    def _batches(self, texts: Mapping[str, str], sent: Sent[list[str]]) -> Iterator[Batch]:
        hashes = list(texts)
        for start in range(0, len(hashes), BATCH_TEXTS):
            some = hashes[start : start + BATCH_TEXTS]
            sent.note(some)
            yield Batch(self._model, [texts[each] for each in some])
