"""How a stage says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str, int, int], None]
"""Takes the stage, what is done and what there is to do."""


def silent(stage: str, done: int, total: int) -> None:
    """Says nothing."""
