"""What a text embedding model is to the rest of the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """A model whose name and version say exactly which vectors it makes."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def load(self) -> None:
        """Read now what would else be read with the first texts."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, (n, dimensions), of unit length; zeros where a text has no tokens."""
        ...
