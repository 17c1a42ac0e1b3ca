"""A server with a hook, ended whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.hooks.stand import Stand


@pytest.fixture
def stand(home: Path) -> Iterator[Stand]:
    """A home with the source `slow` and the hook `push`; its server is started by the test."""
    made = Stand(home)
    made.hook("push")
    try:
        yield made
    finally:
        made.stop()
