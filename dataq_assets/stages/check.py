"""What a check of a table says, and how the checks are found."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Literal

import polars as pl

from dataq_assets.stages import checks
from dataq_lake.lake import Lake


@dataclass(frozen=True)
class Verdict:
    """Whether a promise is kept; `reason` says in one line by what it is broken."""

    passed: bool
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A promise of the asset `asset`, read from `tables`; a broken one of `error` fails the run."""

    name: str
    asset: tuple[str, ...]
    tables: tuple[str, ...]
    severity: Literal["warning", "error"]
    doc: str
    verdict: Callable[[Lake], Verdict]


@cache
def all_checks() -> tuple[Check, ...]:
    """Every file of the checks folder, by name."""
    found = []
    for info in pkgutil.iter_modules(checks.__path__):
        module = import_module(f"{checks.__name__}.{info.name}")
        found.append(
            Check(
                info.name,
                module.ASSET,
                module.TABLES,
                getattr(module, "SEVERITY", "error"),
                (module.__doc__ or "").strip(),
                module.verdict,
            )
        )
    return tuple(found)


def versions(lake: Lake, tables: tuple[str, ...]) -> dict[str, int]:
    """The versions of the tables behind a check; `raw` stands for those of all sources."""
    names = [f"raw_{source}" for source in lake.raw_sources()] if "raw" in tables else []
    names += [name for name in tables if name != "raw"]
    found = {name: lake.table(name).version() for name in names}
    return {name: version for name, version in found.items() if version is not None}


def none_of(broken: pl.LazyFrame, what: str, column: str = "id") -> Verdict:
    """Passed if there are no such rows; otherwise how many, and the first."""
    found = broken.select(
        pl.len().alias("rows"), pl.col(column).cast(pl.String).min().alias("first")
    ).collect(engine="streaming")
    rows, first = found.row(0)
    if not rows:
        return Verdict(True)
    return Verdict(False, f"{rows} {what}, {first} among them", {"rows": rows})
