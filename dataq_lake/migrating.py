"""The steps that there are, and the way by which a table comes to the version of this DataQ."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import pyarrow as pa

from dataq_lake import migrations as folder
from dataq_lake.errors import CannotUpgrade

Migrate = Callable[[pa.RecordBatch], pa.RecordBatch]


@dataclass(frozen=True)
class Migration:
    """One step of one table; without `migrate` rows stay as they are and new columns are null."""

    name: str
    table: str
    before: int
    after: int
    doc: str
    migrate: Migrate | None = None


@cache
def migrations() -> tuple[Migration, ...]:
    """Every file of the folder."""
    found = []
    for info in pkgutil.iter_modules(folder.__path__):
        module = import_module(f"{folder.__name__}.{info.name}")
        doc = (module.__doc__ or "").strip().partition("\n")[0]
        migrate = getattr(module, "migrate", None)
        found.append(Migration(info.name, module.TABLE, module.FROM, module.TO, doc, migrate))
    return tuple(found)


def way(
    table: str, before: int, after: int, known: Iterable[Migration] | None = None
) -> tuple[Migration, ...]:
    """The steps from one version to the other, in order; raises CannotUpgrade where one lacks."""
    kind = "raw" if table.startswith("raw_") else table
    steps: dict[int, Migration] = {}
    for each in migrations() if known is None else known:
        if each.table == kind:
            if each.before in steps or each.after <= each.before:
                raise CannotUpgrade(f"migrations of {kind} are not one way: {each.name}")
            steps[each.before] = each
    found: list[Migration] = []
    at = before
    while at < after:
        if at not in steps or steps[at].after > after:
            raise CannotUpgrade(
                f"table {table} has schema version {before}, and from {at} there is no way to "
                f"{after}: upgrade with an earlier DataQ first; nothing was changed"
            )
        found.append(steps[at])
        at = steps[at].after
    return tuple(found)


def migrated(steps: Iterable[Migration], batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch`, as the first of the steps finds it, after the last of them."""
    for step in steps:
        batch = step.migrate(batch) if step.migrate else batch
    return batch
