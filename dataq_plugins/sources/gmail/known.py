"""What was sent of each mail: when Gmail received it, its last change, its labels. In columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

Labels = tuple[str, ...]
"""Ids of labels, sorted."""


class Sent(NamedTuple):
    """A mail as it was sent: Unix milliseconds, id of its last change."""

    internal_ms: int
    history_id: int
    labels: Labels


class Known:
    """Mails by their ids: about 200 bytes each in memory, 25 as bytes."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._dates = array("q")
        self._histories = array("Q")
        self._sets = array("I")
        self._labels: list[Labels] = []
        self._numbers: dict[Labels, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, message: str) -> bool:
        return message in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def get(self, message: str) -> Sent | None:
        """Return what was sent of a mail, None if nothing was."""
        row = self._rows.get(message)
        if row is None:
            return None
        return Sent(self._dates[row], self._histories[row], self._labels[self._sets[row]])

    def put(self, message: str, sent: Sent) -> None:
        """Note what was sent of a mail."""
        labels = self._number(sent.labels)
        row = self._rows.get(message)
        if row is None:
            self._rows[message] = len(self._dates)
            self._dates.append(sent.internal_ms)
            self._histories.append(sent.history_id)
            self._sets.append(labels)
        else:
            self._dates[row] = sent.internal_ms
            self._histories[row] = sent.history_id
            self._sets[row] = labels

    def drop(self, message: str) -> None:
        """Forget a mail that is gone."""
        self._rows.pop(message, None)

    def seconds(self, message: str) -> int:
        """Return when Gmail received a mail, in Unix seconds rounded down."""
        return self._dates[self._rows[message]] // 1000

    def forget_labels(self) -> None:
        """Have every mail differ from what it is: all are to be read again."""
        self._labels = [("?",)]
        self._numbers = {("?",): 0}
        self._sets = array("I", bytes(self._sets.itemsize * len(self._sets)))

    def columns(self) -> tuple[list[str], bytes, bytes, bytes, list[Labels]]:
        """Return ids, and their times, changes and numbers of labels in little-endian bytes."""
        rows = list(self._rows.values())
        if len(rows) == len(self._dates):
            columns = (self._dates, self._histories, self._sets)
        else:
            columns = (
                array("q", map(self._dates.__getitem__, rows)),
                array("Q", map(self._histories.__getitem__, rows)),
                array("I", map(self._sets.__getitem__, rows)),
            )
        dates, histories, sets = (each.tobytes() for each in columns)
        return list(self._rows), dates, histories, sets, self._labels

    @classmethod
    def of(
        cls, ids: list[str], dates: bytes, histories: bytes, sets: bytes, labels: list[Labels]
    ) -> Known:
        """Return what `columns` was taken from; raises ValueError where they do not fit."""
        known = cls()
        known._dates.frombytes(dates)
        known._histories.frombytes(histories)
        known._sets.frombytes(sets)
        if not len(ids) == len(known._dates) == len(known._histories) == len(known._sets):
            raise ValueError("its columns are of different lengths")
        if known._sets and max(known._sets) >= len(labels):
            raise ValueError("it names labels that it does not have")
        known._rows = dict(zip(ids, range(len(ids)), strict=True))
        known._labels = list(labels)
        known._numbers = {each: number for number, each in enumerate(known._labels)}
        return known

    def _number(self, labels: Labels) -> int:
        number = self._numbers.get(labels)
        if number is None:
            number = self._numbers[labels] = len(self._labels)
            self._labels.append(labels)
        return number
