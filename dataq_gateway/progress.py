"""How far long work has come: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

    from dataq_resources.progress import OnProgress, Progress

EVERY_SECONDS = 5.0


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[OnProgress | None]:
    """What to tell progress to while the block runs; it is shown on standard error."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with bars() as listener:
            yield listener
    else:
        lines = Lines(lambda text: click.echo(text, err=True))
        yield lines
        lines.finish()


def title(progress: Progress) -> str:
    """What the work is called: the source's name, if it is one source's, and the stage."""
    return f"{progress.source}: {progress.stage}" if progress.source else progress.stage


class Lines:
    """One line for each piece of work every few seconds, and one with where it ended."""

    def __init__(
        self, write: Callable[[str], Any], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._now = now
        self._begun: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._latest: dict[str, Progress] = {}
        self._lock = Lock()

    def __call__(self, progress: Progress) -> None:
        """Take in how far one piece of work has come; any thread may."""
        name, now = title(progress), self._now()
        with self._lock:
            begun = self._begun.setdefault(name, now)
            self._latest[name] = progress
            if now - self._told.get(name, begun) >= EVERY_SECONDS:
                self._told[name] = now
                self._write(line(self._latest.pop(name), now - begun))

    def finish(self) -> None:
        """Tell where everything ended that has moved since it was last told."""
        now = self._now()
        for name, progress in self._latest.items():
            self._write(line(progress, now - self._begun[name]))


def line(progress: Progress, seconds: float) -> str:
    """Count, share, rate and time left of one piece of work."""
    done, total = progress.done, progress.total
    text = f"{title(progress)}: {amount(done, progress.unit)}"
    rate = done / seconds if seconds > 0.5 else 0.0
    if total:
        text += f" of {amount(total, progress.unit)}, {done / total:.0%}"
    if rate:
        text += f", {amount(rate, progress.unit)}/s"
    if rate and total and total > done:
        text += f", {(total - done) / rate:.0f} s left"
    return text


def amount(count: float, unit: str) -> str:
    """A count with its unit; bytes in powers of 1,000."""
    from dataq_gateway.output import size

    return size(count) if unit == "bytes" else f"{count:,.0f} {unit}"


@contextmanager
def bars() -> Iterator[OnProgress]:
    """Bars on the terminal, one a piece of work."""
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    tasks: dict[str, TaskID] = {}
    lock = Lock()
    with Bars(*bar_columns(), console=Console(stderr=True), transient=True) as display:

        def listener(progress: Progress) -> None:
            name = title(progress)
            with lock:
                if name not in tasks:
                    tasks[name] = display.add_task(name, total=progress.total, amount="")
            amounts = amount(progress.done, progress.unit)
            display.update(
                tasks[name], completed=progress.done, total=progress.total, amount=amounts
            )

        yield listener


def bar_columns() -> list[ProgressColumn]:
    """Name, bar, amount, rate, time so far, time left."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(TextColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    return [
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[amount]}"),
        Rate(""),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]
