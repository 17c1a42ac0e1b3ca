"""What a check of the tables says, and how the checks are found."""

from __future__ import annotations

import ast
import pkgutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from dataq_assets.stages import checks
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    import polars as pl

PREVIEW_ROWS = 10
ROWS, COUNT = "failing_rows", "failing"  # as runs record them
DECLARED = {"ASSET", "TABLES", "SEVERITY", "BLOCKING"}

Severity = Literal["warning", "error"]


@dataclass(frozen=True)
class Verdict:
    """Whether a promise is kept; `reason` says in one line by what it is broken.

    `count` rows break it, of which `rows` are at most PREVIEW_ROWS; `broken` reads all of them
    again, with whatever columns find their segments, and is None where they are no rows.
    """

    passed: bool
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    count: int = 0
    rows: tuple[Mapping[str, Any], ...] = ()
    broken: pl.LazyFrame | None = field(default=None, compare=False, repr=False)
    seconds: float = 0.0


@dataclass(frozen=True)
class Check:
    """A promise of the asset `asset`, read from `tables`; a broken one of `error` fails the run.

    The segments of the rows that break one that is `blocking` are withheld from the search index.
    """

    name: str
    asset: tuple[str, ...]
    tables: tuple[str, ...]
    severity: Severity
    doc: str
    verdict: Callable[[Lake], Verdict]
    blocking: bool = False

    @property
    def title(self) -> str:
        """The asset and the name, as runs tell them."""
        return f"{'/'.join(self.asset)}: {self.name}"

    def look(self, lake: Lake) -> Verdict:
        """The verdict, with the seconds that it took."""
        begun = time.perf_counter()
        found = self.verdict(lake)
        return replace(found, seconds=time.perf_counter() - begun)


@cache
def all_checks() -> tuple[Check, ...]:
    """Every file of the checks folder, by name."""
    return tuple(_declared(info.name) for info in pkgutil.iter_modules(checks.__path__))


def _declared(name: str) -> Check:
    """The check of a file, as the file declares it; what looks with it is loaded when it looks.

    Dagster's pages need no more, and Polars takes as long to load as all the rest of the graph.
    """
    module = f"{checks.__name__}.{name}"
    code = ast.parse(_source(module))
    said = {
        target.id: ast.literal_eval(each.value)
        for each in code.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name) and target.id in DECLARED
    }

    def verdict(lake: Lake) -> Verdict:
        found: Verdict = import_module(module).verdict(lake)
        return found

    return Check(
        name,
        said["ASSET"],
        said["TABLES"],
        said.get("SEVERITY", "error"),
        ast.get_docstring(code) or "",
        verdict,
        said.get("BLOCKING", False),
    )


def _source(module: str) -> str:
    spec = find_spec(module)
    loader: Any = spec.loader if spec else None
    return str(loader.get_source(module))


def checks_of(sources: Sequence[str]) -> list[Check]:
    """The checks of all tables, those of each source's raw table among them."""
    return [*all_checks(), *map(_raw, sources)]


def versions(lake: Lake, tables: tuple[str, ...]) -> dict[str, int]:
    """The versions of the tables behind a check; `raw` stands for those of all sources."""
    names = [f"raw_{source}" for source in lake.raw_sources()] if "raw" in tables else []
    names += [name for name in tables if name != "raw"]
    found = {name: lake.table(name).version() for name in names}
    return {name: version for name, version in found.items() if version is not None}


def none_of(broken: pl.LazyFrame, what: str, column: str = "id") -> Verdict:
    """Passed if there are no such rows; otherwise how many, and the first by `column`."""
    import polars as pl

    count = int(broken.select(pl.len()).collect(engine="streaming").item())
    if not count:
        return Verdict(True)
    first = broken.bottom_k(PREVIEW_ROWS, by=column).collect(engine="streaming").sort(column)
    rows = tuple({"problem": what, **row} for row in first.to_dicts())
    reason = f"{count} {what}, {rows[0][column]} among them"
    return Verdict(False, reason, {}, count, rows, broken)


def together(*verdicts: Verdict) -> Verdict:
    """Passed if all are; otherwise what the others say, one after another."""
    import polars as pl

    failed = [each for each in verdicts if not each.passed]
    if len(failed) < 2:
        return failed[0] if failed else Verdict(True)
    frames = [each.broken for each in failed if each.broken is not None]
    count = sum(each.count for each in failed)
    return Verdict(
        False,
        "; ".join(each.reason for each in failed),
        {},
        count,
        tuple(row for each in failed for row in each.rows)[:PREVIEW_ROWS],
        pl.concat(frames, how="diagonal") if frames else None,
    )


def few_of(bad: pl.DataFrame, told: str) -> Verdict:
    """Passed if `bad` has no rows; otherwise each told as the template `told`, on one line."""
    rows = bad.to_dicts()
    reason = ", ".join(told.format(**row) for row in rows)
    return Verdict(not rows, reason, count=len(rows), rows=tuple(rows[:PREVIEW_ROWS]))


def _raw(source: str) -> Check:
    table = f"raw_{source}"

    def verdict(lake: Lake) -> Verdict:
        import polars as pl

        rows = lake.raw(source).scan(["item_id", "sequence"])
        twice = pl.col("item_id").is_duplicated() | pl.col("sequence").is_duplicated()
        return none_of(rows.filter(twice), "repeated rows", "item_id")

    doc = "No observation is stored twice, and their order is one."
    return Check("observed_once", (table,), (table,), "error", doc, verdict, blocking=True)
