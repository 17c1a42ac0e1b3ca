"""What a relation is, and how the files that declare them are found."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dataq_assets.stages import relations
from dataq_assets.stages.edges import difference, wanted_edges
from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    import polars as pl

    from dataq_analyzers.pool import Pool
    from dataq_lake.indexes.manifest import Model

Round = dict[str, Difference]
"""The differences of some tables, in the order in which they become durable."""


@dataclass(frozen=True)
class Relating:
    """What a pass over a lake works with; `model` is the one whose vectors count.

    `kept` is what a relation has found out for what comes later in the same pass.
    """

    lake: Lake
    pool: Pool
    run_id: str
    model: Model
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What makes the stored edges of a relation those that there are: `edges` in number."""

    edges: int
    difference: Difference | None


@dataclass(frozen=True)
class Relation:
    """A kind of edge. A new `version` finds all of its edges again.

    Its file has `edges`, with the columns source_id, target_id, strength (0 to 1) and method; all
    others are evidence, strings. Of edges between the same two the strongest counts. A relation
    that knows itself what comes and goes has `change` instead. `before` and `after` yield what has
    to be durable before either is asked for, and once the edges are stored.
    """

    name: str
    reads: tuple[str, ...]
    version: Callable[[Relating], str]
    change: Callable[[Relating], Change]
    before: Callable[[Relating], Iterator[Round]]
    after: Callable[[Relating], Iterator[Round]]

    def basis(self, relating: Relating) -> str:
        """What its edges stand on: they are the same as long as this is."""
        versions = {name: relating.lake.table(name).version() for name in self.reads}
        return json.dumps({"relation": self.version(relating), **versions})


@cache
def all_relations() -> tuple[Relation, ...]:
    """Every file of the relations folder, by name."""
    return tuple(_declared(info.name) for info in pkgutil.iter_modules(relations.__path__))


def relations_named(names: Sequence[str] = ()) -> tuple[Relation, ...]:
    """The relations of these names, all if there is none; raises FixTheCall."""
    found = {each.name: each for each in all_relations()}
    unknown = sorted(set(names) - found.keys())
    if unknown:
        raise FixTheCall(f"no relation {unknown[0]!r}: there are {', '.join(found)}")
    return tuple(each for name, each in found.items() if name in names or not names)


def _declared(name: str) -> Relation:
    module = import_module(f"{relations.__name__}.{name}")
    return Relation(
        name,
        module.READS,
        module.version if hasattr(module, "version") else lambda _: str(module.VERSION),
        getattr(module, "change", None) or partial(_compared, name, module.edges),
        getattr(module, "before", _nothing),
        getattr(module, "after", _nothing),
    )


def _compared(name: str, edges: Callable[[Relating], pl.LazyFrame], relating: Relating) -> Change:
    """All of its edges, compared with those that are stored."""
    wanted = wanted_edges(edges(relating))
    found = difference(relating.lake, name, wanted, relating.run_id)
    return Change(wanted.height, found)


def _nothing(_: Relating) -> Iterator[Round]:
    return iter(())
