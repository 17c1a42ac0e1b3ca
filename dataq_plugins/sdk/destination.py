"""What a destination is: a plugin that takes rows where others send items."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from dataq_plugins.sdk.plugin import ConfigT, Log, Plugin

Fate = Literal["delivered", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Rows of `table` to be taken as a whole or not at all; the same `id` means the same rows.

    `rows` is a JSON object a line, or a stream of Arrow IPC, as the destination's `rows` says.
    With `changes` each row is a change: op (upsert, delete), key, version, idempotency_key, row.
    """

    id: str
    table: str
    row_ids: tuple[str, ...]
    rows: bytes
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery, with why and where it is now; `attempts` counts the tries.

    "refused" says that the same would be refused again, "failed" that it was tried often enough.
    """

    fate: Fate
    reason: str = ""
    place: str = ""
    attempts: int = 1


class Destination(Plugin[ConfigT]):
    """Subclass as `class Mine(Destination[Config])`; only `id` and `deliver` are required."""

    rows: ClassVar[Literal["json", "arrow"]] = "json"

    def deliver(self, delivery: Delivery) -> Iterable[Log | Receipt]:
        """Yield what became of it, last; a Log before it is a sign of life while it waits.

        Raises Unreachable where the receiver takes nothing now, SettingError where it never will:
        such a delivery comes again, under the same id.
        """
        raise NotImplementedError

    @classmethod
    def capabilities(cls) -> list[str]:
        """Return the operations that this destination answers."""
        offered = [name for name in super().capabilities() if name not in ("discover", "extract")]
        return [*offered[:-1], "deliver", "cancel"]
