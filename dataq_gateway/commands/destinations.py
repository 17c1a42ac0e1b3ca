"""`dataq destinations`: where rows of the lake go."""

from __future__ import annotations

from typing import Any

import click

from dataq_gateway.options import json_option


@click.group("destinations")
def command() -> None:
    """Add, list, check and remove destinations."""


@command.command("add")
@click.argument("name")
@click.option("--plugin", metavar="NAME", help="http_api, jsonl_files, parquet_files or another.")
@click.option(
    "--command", "argv", metavar="ARGV", help="A plugin by its command; no shell is used."
)
@click.option("--table", required=True, help="The table whose rows it gets.")
@click.option("--query", metavar="SQL", help="Rows of this question instead of the table's own.")
@click.option("--key", metavar="COLUMN", help="What tells rows apart. [default: the table's key]")
@click.option("--changes", is_flag=True, help="Also tell of rows that change or go.")
@click.option("--column", multiple=True, help="Only these columns. [default: all but contents]")
@click.option("--batch-rows", type=int, metavar="N", help="Rows a delivery. [default: 100]")
@click.option("--batch-bytes", type=int, metavar="N", help="Bytes a delivery. [default: 1000000]")
@click.option("--config", multiple=True, metavar="NAME=VALUE", help="A setting of the plugin.")
@click.option("--limit", multiple=True, metavar="NAME=NUMBER", help="A bound: silence_seconds=120.")
@click.option("--environment", multiple=True, metavar="NAME", help="A variable the plugin may see.")
@click.option("--no-check", is_flag=True, help="Do not ask whether it reaches its receiver.")
@click.option("--replace", is_flag=True, help="Overwrite a destination of this name.")
@json_option("Print the destination as one JSON object.")
def add(name: str, as_json: bool, no_check: bool, replace: bool, **given: Any) -> None:
    """Add the destination NAME.

    Its plugin is started and checks its settings and its receiver. Then
    $DATAQ_HOME/destinations/NAME.yaml is written. Secrets stay out of it: write --config
    token=env:NAME or token=file:PATH.
    """
    from dataq_gateway.destinations import add_destination
    from dataq_gateway.output import echo_json

    added, path = add_destination(name, given, check=not no_check, replace=replace)
    if as_json:
        shown = added.config.model_dump(mode="json", exclude_defaults=True)
        echo_json({"name": name, **shown, "path": str(path)})
    else:
        click.echo(f"added: destination {name}, {path}")


@command.command("list")
@json_option("Print a JSON array of destinations.")
def list_destinations(as_json: bool) -> None:
    """List every destination with its rows."""
    from dataq_gateway.destinations import counts
    from dataq_gateway.output import columns, echo_json
    from dataq_lake.lake import open_lake
    from dataq_resources.destinations import read_destinations
    from dataq_resources.home import home_from_environment

    home = home_from_environment()
    found = read_destinations(home)
    lake = open_lake(home.lake)
    told: list[dict[str, Any]] = [
        {
            "name": each.name,
            "plugin": each.config.plugin or " ".join(each.config.command or ()),
            "table": each.config.table,
            **counts(lake, each.name),
        }
        for each in found.good
    ]
    if as_json:
        broken = [{"name": each.path.stem, "error": str(each)} for each in found.broken]
        echo_json([*told, *broken])
        return
    header = ["name", "plugin", "table", "delivered", "dead", "waiting"]
    rows = ([each[name] for name in header] for each in told)
    click.echo(columns(header, rows, right=header[3:]))
    for error in found.broken:
        click.echo(f"broken: {error}")


@command.command("check")
@click.argument("names", nargs=-1)
@json_option("Print a JSON array of results.")
def check(names: tuple[str, ...], as_json: bool) -> None:
    """Ask the plugins of NAMES (all) for their receivers."""
    from dataq_gateway.destinations import check_destinations
    from dataq_gateway.output import echo_json

    results = check_destinations(names)
    if as_json:
        echo_json(results)
    else:
        for each in results:
            click.echo(f"{each['name']}: {each['error'] or 'ok'}")
    if any(each["error"] for each in results):
        click.get_current_context().exit(1)


@command.command("remove")
@click.argument("name")
@json_option()
def remove(name: str, as_json: bool) -> None:
    """Remove the destination NAME.

    What it was sent stays on record: added again, it does not get the same rows twice.
    """
    from dataq_gateway.output import echo_json
    from dataq_resources.destinations import remove_destination
    from dataq_resources.home import home_from_environment

    path = remove_destination(home_from_environment(), name)
    if as_json:
        echo_json({"name": name, "removed": str(path)})
    else:
        click.echo(f"removed: destination {name} ({path}); what it was sent stays on record")


@command.command("deliveries")
@click.argument("name", required=False)
@click.option(
    "--state",
    type=click.Choice(["delivered", "planned", "replay", "dead", "superseded"]),
    help="In this state.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option("Print a JSON array of deliveries.")
def list_deliveries(name: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, the newest first."""
    from dataq_gateway.destinations import deliveries
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import columns, echo_json

    found = deliveries(existing_lake(), name, state, limit)
    if as_json:
        echo_json(found)
        return
    header = ["id", "destination", "state", "rows", "attempts", "recorded_at", "reason"]
    rows = ([each[column] for column in header] for each in found)
    click.echo(columns(header, rows, right=("rows", "attempts")))


@command.command("replay")
@click.argument("name")
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All dead deliveries.")
@json_option()
def replay(name: str, ids: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Let dead deliveries of NAME try again.

    IDS, or --all, are sent again by the next `dataq deliver` or by the daemon, under the same key.
    """
    from dataq_gateway.destinations import mark_for_replay
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json

    if not (ids or everything):
        raise click.UsageError("nothing selected: give IDS or --all")
    marked = mark_for_replay(existing_lake(), name, ids)
    if as_json:
        echo_json({"replay": marked})
    else:
        click.echo(f"{len(marked)} to try again: dataq deliver {name} does")
