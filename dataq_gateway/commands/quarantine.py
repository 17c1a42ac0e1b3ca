"""`dataq quarantine`: what was rejected, why, and the way back in."""

from __future__ import annotations

from typing import Any

import click

from dataq_gateway.options import json_option


@click.group("quarantine")
def command() -> None:
    """List, show and replay what was rejected."""


@command.command("list")
@click.option("--source", help="Only rows of this source.")
@click.option("--stage", help="Only rows of this stage: gate, assets, texts.")
@click.option("--rule", help="Only rows of this rule.")
@click.option(
    "--state",
    type=click.Choice(["open", "replay", "resolved", "all"]),
    default="open",
    show_default=True,
)
@json_option("Print a JSON array of rows.")
def list_rows(state: str, as_json: bool, **filters: str | None) -> None:
    """List rejected rows with their reasons."""
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import columns, echo_json
    from dataq_gateway.rejected import rejected

    rows = rejected(existing_lake(), None if state == "all" else state, filters)
    if as_json:
        echo_json(rows)
        return
    names = ["id", "source", "stage", "rule", "source_id", "reason"]
    click.echo(columns(names, ([row[name] for name in names] for row in rows)))


@command.command("show")
@click.argument("id")
@json_option()
def show(id: str, as_json: bool) -> None:  # noqa: A002 - click names it
    """Show one rejected row."""
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json, one_line
    from dataq_gateway.rejected import one_rejected

    row = one_rejected(existing_lake(), id)
    if as_json:
        echo_json(row)
    else:
        click.echo("\n".join(f"{name}: {one_line(value)}" for name, value in row.items()))


@command.command("replay")
@click.argument("ids", nargs=-1)
@click.option("--source", help="All open rows of this source.")
@click.option("--stage", help="All open rows of this stage.")
@click.option("--rule", help="All open rows of this rule.")
@click.option("--all", "everything", is_flag=True, help="All open rows.")
@json_option()
def replay(ids: tuple[str, ...], everything: bool, as_json: bool, **filters: Any) -> None:
    """Let rejected rows try again.

    IDS, or what the options select, is tried again by the next `dataq run`.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_gateway.rejected import mark_for_replay

    if not (ids or everything or any(filters.values())):
        raise click.UsageError("nothing selected: give IDS, --source, --stage, --rule or --all")
    marked = mark_for_replay(existing_lake(), ids, filters)
    if as_json:
        echo_json({"replay": marked})
    else:
        click.echo(f"{len(marked)} to try again: dataq run does")
