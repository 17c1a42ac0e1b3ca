"""A destination that makes each delivery a file whose name is the delivery's id."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

from dataq_plugins.destinations._files.settings import Settings
from dataq_plugins.destinations._files.store import Store, store_of
from dataq_plugins.sdk import Delivery, Destination, Log, Receipt


class Files(Destination[Settings]):
    """Sent again, a delivery is the same file again: every row is there once."""

    suffix: ClassVar[str]

    @cached_property
    def store(self) -> Store:
        """Where the settings say."""
        return store_of(self.config)

    def configure(self) -> None:
        """Raises SettingError."""
        _ = self.store

    def check(self) -> None:
        """Whether something could be put there."""
        self.store.probe()

    def deliver(self, delivery: Delivery) -> Iterator[Log | Receipt]:
        """One file, TABLE/ID.SUFFIX."""
        name = f"{delivery.table}/{delivery.id}.{self.suffix}"
        yield Receipt("delivered", place=self.store.put(name, self.content(delivery.rows)))

    def content(self, rows: bytes) -> bytes:
        """The file's bytes."""
        raise NotImplementedError
