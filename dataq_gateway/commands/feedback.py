"""`dataq feedback`: says how good a hit is, or whether something is correct."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dataq_gateway.options import as_of_option, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataq_lake.feedback.statement import Statement

ABOUT = ("edge", "tag", "text", "type")
SHOWN = ("created_at", "by", "kind", "value", "entity_id", "query", "about", "detail", "note")


@click.group("feedback")
def command() -> None:
    """Say how good hits are, and what is correct.

    What is said is kept and changes nothing by itself: `dataq ranking build` learns from it.
    """


@command.command("add")
@click.argument("entity", metavar="[ID]", required=False)
@click.option("--query", metavar="WORDS", help="What was searched for, with --relevance.")
@click.option(
    "--relevance",
    type=click.IntRange(0, 3),
    help="0: not relevant, 1: mentions it, 2: relevant, 3: just what was looked for.",
)
@click.option("--correct", type=click.Choice(ABOUT), help="This of it is as it should be.")
@click.option("--incorrect", type=click.Choice(ABOUT), help="This of it is not.")
@click.option("--detail", metavar="TEXT", help="Which tag, or what the type should be.")
@click.option("--note", metavar="TEXT", help="Why.")
@click.option("--by", metavar="NAME", help="Who says so, by default this user.")
@click.option("--id", "id_", metavar="ID", help="Of the statement: said twice it counts once.")
@click.option("--file", "file", metavar="FILE", help="JSON lines with many statements; - reads.")
@json_option("Print how many are new as one JSON object.")
def add(entity: str | None, file: str | None, as_json: bool, **said: Any) -> None:
    """Say one thing of ID, or many from a file.

    ID is that of a segment, an asset or an edge; 8 digits are enough.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.feedback.adding import add as add_statements

    if (entity is None) == (file is None):
        raise click.UsageError("give an ID, or --file")
    if file is not None and any(value is not None for value in said.values()):
        raise click.UsageError("with --file each line says all: leave out the other options")
    statements = _read(file) if file is not None else [_said(str(entity), **said)]
    done = add_statements(existing_lake(), statements)
    if as_json:
        echo_json(done.__dict__)
    else:
        known = f", {done.known:,} known already" if done.known else ""
        click.echo(f"{done.new:,} new{known}: `dataq ranking build` learns from it")


@command.command("list")
@click.option("--query", metavar="WORDS", help="Only of searches for just these words.")
@click.option("--entity", metavar="ID", help="Only of this segment, asset or edge.")
@click.option("-k", "--limit", "count", type=click.IntRange(1), help="Only the newest so many.")
@as_of_option()
@json_option()
def list_(
    query: str | None, entity: str | None, count: int | None, as_of: str | None, as_json: bool
) -> None:
    """List what was said, the newest first."""
    import polars as pl

    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import columns, echo_json_rows

    rows = existing_lake(as_of).table("feedback").scan()
    if query is not None:
        rows = rows.filter(pl.col("query") == query)
    if entity is not None:
        rows = rows.filter(pl.col("entity_id").str.starts_with(entity))
    found = rows.sort("created_at", "id", descending=[True, False]).head(count or 2**31).collect()
    if as_json:
        echo_json_rows(found.to_dicts())
    else:
        told = [[row[name] for name in SHOWN] for row in found.to_dicts()]
        click.echo(columns(SHOWN, told, right=("value",)) if told else "nothing was said yet")


def _said(
    entity: str,
    query: str | None,
    relevance: int | None,
    correct: str | None,
    incorrect: str | None,
    id_: str | None,
    by: str | None,
    **more: str | None,
) -> Statement:
    from datetime import UTC, datetime

    from dataq_lake.feedback.statement import Statement

    if sum(each is not None for each in (relevance, correct, incorrect)) != 1:
        raise click.UsageError("give one of --relevance, --correct and --incorrect")
    kind = "correctness" if relevance is None else "relevance"
    value = int(correct is not None) if relevance is None else relevance
    return Statement(
        kind,
        entity,
        value,
        query=query,
        about=correct or incorrect,
        by=by or _user(),
        id=id_,
        # Without it, whoever changes their mind back again would say nothing new.
        created_at=datetime.now(UTC) if id_ is None else None,
        **more,
    )


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return None


def _read(file: str) -> Sequence[Statement]:
    from dataq_gateway.errors import CommandFailed
    from dataq_lake.feedback.adding import read_statements

    if file == "-":
        return read_statements(sys.stdin, "standard input")
    try:
        with Path(file).open(encoding="utf-8") as lines:
            return read_statements(lines, file)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file} cannot be read", where=str(error)) from None
