"""Commits what assets return to the lake's tables and reports what that was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from dataq_lake.errors import REPAIR, ContentLost, TableDamaged
from dataq_lake.lake import Lake
from dataq_lake.slice import Slice
from dataq_lake.written import CommitInfo, Written
from dataq_resources.changes import Changes
from dataq_resources.finishing import finished
from dataq_resources.lake import HomeResource
from dataq_resources.locks import locked


class TableIOManager(dg.ConfigurableIOManager):
    """An asset's `table` metadata, or its name, says which table it stands for.

    Where it stands for the rows of one stage only, `stage` says which.
    """

    home: dg.ResourceDependency[HomeResource]

    def handle_output(self, context: dg.OutputContext, obj: Changes) -> None:
        """Commits the rounds, unless another output of the step has, and reports this table's."""
        info = CommitInfo(context.run_id, context.asset_key.to_user_string())
        # Rounds are found out as they are committed: two runs would find and write the same.
        with locked(self.home.home.locks, f"stage_{context.step_key}"), _telling(self.home.lake):
            obj.commit(self.home.lake, info)
        table = table_of(context)
        rows = row_count(self.home.lake, table, stage_of(context))
        context.add_output_metadata({**facts(obj, table), "dagster/row_count": rows})
        finished(tuple(context.asset_key.path))

    def load_input(self, context: dg.InputContext) -> Slice:
        """The upstream table, with nothing read yet."""
        return Slice(self.home.lake, str(context.asset_key.path[0]))


@contextmanager
def _telling(lake: Lake) -> Iterator[None]:
    """Says which table has lost a file, where an engine only says that there is no such file."""
    from polars.exceptions import PolarsError

    try:
        with lake.reading():
            yield
    except (FileNotFoundError, PolarsError, ContentLost):
        lost = lake.lost_files()
        if not lost:
            raise
        raise TableDamaged(f"{lost[0]} is in its log but not on disk: {REPAIR}") from None


def table_of(context: dg.OutputContext) -> str:
    """The table an asset stands for."""
    named = (context.definition_metadata or {}).get("table")
    return str(named) if named else str(context.asset_key.path[0])


def stage_of(context: dg.OutputContext) -> str | None:
    """The stage whose rows an asset stands for, None where it stands for the whole table."""
    named = (context.definition_metadata or {}).get("stage")
    return str(named) if named else None


def row_count(lake: Lake, table: str, stage: str | None = None) -> int:
    """The rows of a table, or those of one stage."""
    handle = lake.table(table)
    if stage is None or not handle.exists:
        return handle.count()
    import polars as pl

    mine = handle.scan(["stage"]).filter(pl.col("stage") == stage)
    return int(mine.select(pl.len()).collect().item())


def facts(changes: Changes, table: str) -> dict[str, Any]:
    """What was written to a table, as Dagster shows it."""
    written = changes.written.get(table, Written())
    shown: dict[str, Any] = {
        "rows": written.rows,
        "deleted": written.deleted,
        "bytes": written.bytes,
        "seconds": round(changes.seconds, 3),
        **changes.facts,
    }
    if written.version is not None:
        shown["version"] = written.version
    if changes.previews.get(table):
        shown["preview"] = dg.MetadataValue.md(markdown(changes.previews[table]))
    return shown


def markdown(rows: list[dict[str, Any]], width: int = 80) -> str:
    """A few rows as a Markdown table; long values are cut."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names)]
    lines += [[_cell(row.get(name), width) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any, width: int) -> str:
    text = " ".join(str(value).split()).replace("|", "\\|")
    return text if len(text) <= width else text[: width - 1] + "…"
