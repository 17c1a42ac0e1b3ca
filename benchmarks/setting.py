"""What a bench is given: how big, how often, and where it may work."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
DRIVERS = CHECKOUT / "benchmarks" / "drivers"
REFERENCES = CHECKOUT / "benchmarks" / "references"


@dataclass(frozen=True)
class Setting:
    """`scale` 1 is what the bars are meant for; `runs` pairs are made of everything."""

    work: Path
    cache: Path
    scale: float = 1.0
    runs: int = 5

    def scaled(self, count: int, least: int = 1) -> int:
        """A count at this scale."""
        return max(least, round(count * self.scale))

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """A folder on the work disk that is gone afterwards."""
        path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.work))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def say(self, text: str) -> None:
        """Tell who waits what is going on; the result goes elsewhere."""
        print(f"  {text}", file=sys.stderr, flush=True)


def corpus() -> Path | None:
    """The folder of real input, where there is one: DATAQ_CORPUS or shared/data beside us."""
    folder = Path(os.environ.get("DATAQ_CORPUS") or CHECKOUT.parent / "shared" / "data")
    return folder if (folder / "MANIFEST.jsonl").is_file() else None
