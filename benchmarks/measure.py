"""One figure with its bar, and how it was taken."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Bar:
    """What a figure must reach ("least") or keep to ("most")."""

    value: float
    kind: Literal["least", "most"]

    def holds(self, value: float) -> bool:
        """Whether the figure is on the right side."""
        return value >= self.value if self.kind == "least" else value <= self.value


@dataclass(frozen=True)
class Measure:
    """A figure: `value` is the median of `runs`, in `unit`; `ours` and `reference` say of what."""

    name: str
    value: float
    unit: str
    bar: Bar | None
    ours: str
    reference: str
    runs: tuple[float, ...] = ()
    note: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the bar holds; None where there is none."""
        return None if self.bar is None else self.bar.holds(self.value)

    def shown(self) -> str:
        """The figure as people read it."""
        return _shown(self.value, self.unit)

    def shown_bar(self) -> str:
        """The bar as people read it."""
        if self.bar is None:
            return ""
        return ("≥ " if self.bar.kind == "least" else "≤ ") + _shown(self.bar.value, self.unit)

    def spread(self) -> str:
        """The lowest and the highest of the runs."""
        if len(self.runs) < 2:
            return ""
        return f"{_shown(min(self.runs), self.unit)} … {_shown(max(self.runs), self.unit)}"


@dataclass
class Pairs:
    """Two things measured in turn, so that what the machine does meanwhile hits both alike."""

    ours: list[float] = field(default_factory=list)
    reference: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours divided by the reference, a pair at a time."""
        return tuple(a / b for a, b in zip(self.ours, self.reference, strict=True))

    def times_as_long(self, name: str, bar: Bar | None, note: str) -> Measure:
        """The figure of two things whose seconds were measured."""
        return Measure(
            name,
            median(self.ratios),
            "×",
            bar,
            f"{median(self.ours):.2f} s",
            f"{median(self.reference):.2f} s",
            self.ratios,
            note,
        )


def paired(runs: int, ours: Callable[[], float], reference: Callable[[], float]) -> Pairs:
    """Both, `runs` times; whichever came first in one pair comes second in the next."""
    pairs = Pairs()
    for number in range(runs):
        if number % 2:
            second = reference()
            pairs.ours.append(ours())
            pairs.reference.append(second)
        else:
            pairs.ours.append(ours())
            pairs.reference.append(reference())
    return pairs


def median(values: Sequence[float]) -> float:
    """The median of at least one figure."""
    return statistics.median(values)


def _shown(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value * 100:.1f} %"
    if unit == "×":
        return f"{value:.2f}×"
    return f"{value:.2f} {unit}".rstrip()
