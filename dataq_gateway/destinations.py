"""What the command line asks of destinations: adding, checking, what became of their rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dataq_gateway.errors import NotFound
from dataq_gateway.given_config import pairs, typed
from dataq_gateway.plugin_words import as_usage, chosen, plugin_words
from dataq_resources.destinations import (
    Destination,
    DestinationConfig,
    destination_spec,
    one_destination,
    read_destinations,
    write_destination,
)
from dataq_resources.errors import DestinationExists
from dataq_resources.home import Home, home_from_environment
from dataq_resources.sources import NAME

if TYPE_CHECKING:
    from dataq_lake.lake import Lake

ANSWER_SECONDS = 60


def add_destination(
    name: str, given: Mapping[str, Any], *, check: bool, replace: bool
) -> tuple[Destination, Path]:
    """The destination and its file; raises DestinationExists, PluginError, UsageError."""
    from dataq_plugins.host import PluginProcess

    home = home_from_environment()
    path = home.path / "destinations" / f"{name}.yaml"
    if path.exists() and not replace:
        raise DestinationExists(
            f"there is a destination {name!r} already: {path}: --replace overwrites it"
        )
    rough = declared(name, given)
    with PluginProcess(_spec(rough), on_log=lambda _level, _line: None) as plugin:
        told = plugin.describe()
    config = typed(pairs(given["config"], "--config"), told.config_schema)
    whole = rough.config.model_copy(update={"config": config, "rows": told.rows})
    destination = Destination(name, whole)
    if check:
        reach(destination, home)
    return destination, write_destination(home, destination, replace)


def declared(name: str, given: Mapping[str, Any]) -> Destination:
    """The destination as it was typed, its plugin's settings still text; raises UsageError."""
    if not NAME.fullmatch(name):
        raise click.UsageError(f"{name!r}: use a to z, 0 to 9 and _, a letter first")
    words = {
        **plugin_words(given),
        "table": given["table"],
        "query": given["query"],
        "key": given["key"],
        "changes": given["changes"] or None,
        "columns": tuple(given["column"]),
        "batch_rows": given["batch_rows"],
        "batch_bytes": given["batch_bytes"],
    }
    with as_usage(name):
        return Destination(name, DestinationConfig.model_validate(chosen(words)))


def reach(destination: Destination, home: Home) -> None:
    """Have the plugin check settings and receiver, and the lake the query; raises what is wrong."""
    from dataq_plugins.host import PluginProcess

    _expect_query(destination.config, home)
    with PluginProcess(_spec(destination), on_log=lambda _level, _line: None) as plugin:
        plugin.configure()
        plugin.check()


def check_destinations(names: Sequence[str]) -> list[dict[str, Any]]:
    """Name and error (None: all is well) of each destination; raises UnknownDestination."""
    from dataq_lake.errors import LakeError
    from dataq_plugins.errors import PluginError, UnknownPlugin

    home = home_from_environment()
    found = read_destinations(home)
    chosen = [one_destination(home, name) for name in names] if names else found.good
    told: list[dict[str, Any]] = []
    for each in chosen:
        error = None
        try:
            reach(each, home)
        except (PluginError, UnknownPlugin, LakeError) as problem:
            error = str(problem)
        told.append({"name": each.name, "error": error})
    broken = [] if names else found.broken
    return [*told, *({"name": each.path.stem, "error": str(each)} for each in broken)]


def deliveries(
    lake: Lake, destination: str | None, state: str | None, limit: int
) -> list[dict[str, Any]]:
    """The last step of each delivery, newest first."""
    import polars as pl

    steps = lake.table("deliveries").scan().select(pl.exclude("row_ids", "row_hashes"))
    last = steps.sort("step").group_by("id", maintain_order=True).last()
    tests = [
        pl.col(column) == value
        for column, value in (("destination", destination), ("state", state))
        if value
    ]
    newest = last.filter(*tests).sort("recorded_at", "id", descending=[True, False])
    return newest.limit(limit).collect().to_dicts()


def counts(lake: Lake, name: str) -> dict[str, int]:
    """Rows of a destination by the state they are in: delivered, dead, and waiting."""
    import polars as pl

    steps = lake.table("deliveries").scan(["id", "step", "destination", "state", "rows"])
    mine = steps.filter(pl.col("destination") == name).sort("step")
    last = mine.group_by("id", maintain_order=True).last()
    found = dict(last.group_by("state").agg(pl.col("rows").sum()).collect().iter_rows())
    waiting = found.get("planned", 0) + found.get("replay", 0)
    return {
        "delivered": found.get("delivered", 0),
        "dead": found.get("dead", 0),
        "waiting": waiting,
    }


def mark_for_replay(lake: Lake, name: str, ids: Collection[str]) -> list[str]:
    """Give dead deliveries of a destination (all, or these) the state replay; raises NotFound.

    This is a person's decision and no asset's result, so it is a write outside of a run.
    """
    import pyarrow as pa

    from dataq_lake.difference import Difference
    from dataq_lake.written import CommitInfo

    dead = {each["id"]: each for each in deliveries(lake, name, "dead", 1_000_000)}
    if unknown := sorted(set(ids) - dead.keys()):
        raise NotFound(
            f"no dead delivery {unknown[0]} of {name}",
            do=f"dataq destinations deliveries {name} --state dead lists them",
        )
    now = datetime.now(UTC)
    rows = [
        {
            **row,
            "step": row["step"] + 1,
            "state": "replay",
            "reason": None,
            "watermark": None,
            "recorded_at": now,
        }
        for row in dead.values()
        if not ids or row["id"] in ids
    ]
    if rows:
        table = lake.table("deliveries")
        batch = pa.RecordBatch.from_pylist(rows, schema=table.table.schema)
        table.apply(Difference([batch]), CommitInfo(asset="destinations replay"))
    return [row["id"] for row in rows]


def _spec(destination: Destination) -> Any:
    """Its plugin, each of whose answers is bounded."""
    given = destination.config
    bounds = {"silence_seconds": ANSWER_SECONDS, "run_seconds": ANSWER_SECONDS}
    bounded = given.model_copy(update={"limits": {**given.limits, **bounds}})
    return destination_spec(Destination(destination.name, bounded))


def _expect_query(config: DestinationConfig, home: Home) -> None:
    """That the query can be asked and has its key; nothing to ask before anything is archived."""
    from dataq_lake.errors import FixTheCall
    from dataq_lake.lake import open_lake

    if config.query is None or not home.lake.is_dir():
        return
    question = f"select * from ({config.query.rstrip().rstrip(';')}) limit 0"
    columns = open_lake(home.lake).sql(question).arrow().column_names
    if config.key_column not in columns:
        raise FixTheCall(f"the query has no column {config.key_column}: give its key (--key)")
