"""`dataq snapshots`: states of the whole lake, named, listed, kept and retired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from dataq_gateway.options import json_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataq_lake.snapshots import SnapshotFacts


@click.group("snapshots")
def command() -> None:
    """List, name, keep and retire states of the whole lake.

    A snapshot holds every table, blob and part of the search index as it was. Every run that
    changes the index leaves one; `--as-of` reads it, `dataq diff` compares two.
    """


@command.command("list")
@json_option()
def list_(as_json: bool) -> None:
    """List the snapshots, the newest first."""
    from dataq_gateway.home import existing_lake
    from dataq_lake.snapshots import snapshots

    tell(snapshots(existing_lake()), as_json)


@command.command("create")
@click.argument("name", required=False)
@json_option()
def create(name: str | None, as_json: bool) -> None:
    """Keep the lake as it stands now, under NAME."""
    from dataq_gateway.home import existing_lake
    from dataq_lake.snapshots import create as create_snapshot

    tell([create_snapshot(existing_lake(), name)], as_json)


@command.command("keep")
@click.argument("snapshot")
@click.option("--name", help="Call it so from now on.")
@json_option()
def keep(snapshot: str, name: str | None, as_json: bool) -> None:
    """Keep SNAPSHOT, a name or id, until it is retired by hand."""
    from dataq_gateway.home import existing_lake
    from dataq_lake.snapshots import keep as keep_snapshot

    tell([keep_snapshot(existing_lake(), snapshot, name)], as_json)


@command.command("retire")
@click.argument("wanted", metavar="[SNAPSHOT]...", nargs=-1)
@click.option("--older-than", type=click.IntRange(0), metavar="DAYS", help="All older than that.")
@json_option()
def retire(wanted: tuple[str, ...], older_than: int | None, as_json: bool) -> None:
    """Forget snapshots, by name, id or age.

    By age go those that nobody keeps. What only they needed goes with the next clean-up. The
    current one stays, without its name.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake.snapshots import expired, snapshots
    from dataq_lake.snapshots import retire as retire_snapshot

    if bool(wanted) == (older_than is not None):
        raise click.UsageError("give snapshots by name or id, or --older-than DAYS")
    lake = existing_lake()
    if older_than is not None:
        old = expired(snapshots(lake), timedelta(days=older_than), datetime.now(UTC))
        wanted = tuple(each.id for each in old)
    tell([retire_snapshot(lake, each) for each in wanted], as_json)


def tell(found: Iterable[SnapshotFacts], as_json: bool) -> None:
    """Print snapshots as JSON or in columns."""
    from dataq_gateway.output import columns, echo_json

    if as_json:
        echo_json([each.as_dict() for each in found])
        return
    header = ("id", "name", "created_at", "segments", "tables", "state")
    rows = [
        (each.id, each.name, each.created_at, each.segments, len(each.tables), state(each))
        for each in found
    ]
    click.echo(columns(header, rows, right=("segments", "tables")))


def state(facts: SnapshotFacts) -> str:
    """What is true of a snapshot, in words."""
    words = {"current": facts.current, "kept": facts.kept}
    return ", ".join(word for word, holds in words.items() if holds)
