"""Lets a text that says next to nothing be less near to everything.

The vector of a greeting or of a line of signs is that of a word or two, which by chance comes
nearer to a short query than a passage that is about it. Measured in docs/search.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HALVED = 4
"""A text of so many characters counts half, one of a hundred nearly whole."""


def shortened(vectors: NDArray[np.float32], texts: Sequence[str | None]) -> NDArray[np.float32]:
    """`vectors` (n, dimensions), each times c / (c + HALVED) of its text's c characters.

    White space does not count; nor do words, for not every script has spaces between them.
    """
    counts = [len("".join((text or "").split())) for text in texts]
    characters = np.array(counts, np.float32)[:, None]
    shorter: NDArray[np.float32] = vectors * (characters / (characters + HALVED))
    return shorter
