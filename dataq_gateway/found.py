"""Hits of the index as commands print them, and the options that say how."""

from __future__ import annotations

import sys
from collections.abc import Callable
from shutil import get_terminal_size
from typing import Any

import click

from dataq_gateway.options import Decorator, json_option


def found_options() -> Decorator:
    """--limit, --json, --group, --offset, --cursor and --snippet."""
    options: list[Decorator] = [
        click.option(
            "-k",
            "--limit",
            "count",
            default=10,
            show_default=True,
            type=click.IntRange(1, 10_000),
            help="At most so many hits.",
        ),
        json_option("Print a JSON array of hits."),
        click.option(
            "--group",
            type=click.Choice(["asset"]),
            help="Only the best passage of each asset, with the count of others.",
        ),
        click.option(
            "--offset",
            default=0,
            type=click.IntRange(0, 1_000_000),
            help="Leave out so many hits at the beginning.",
        ),
        click.option(
            "--cursor",
            metavar="CURSOR",
            help="Go on after the hit of this cursor, in its snapshot.",
        ),
        click.option(
            "--snippet",
            default=240,
            show_default=True,
            type=click.IntRange(40, 10_000),
            help="Show so many characters of a passage, those that fit best.",
        ),
    ]

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def echo_found(hits: list[dict[str, Any]], as_json: bool, count: int, offset: int) -> None:
    """Print hits as JSON or for people; these also read how to go on after a full page."""
    from dataq_gateway.output import echo_json

    if as_json:
        echo_json(hits)
        return
    echo_hits(hits, offset)
    if len(hits) == count and sys.stdout.isatty():
        click.echo(click.style(f"more: --cursor {hits[-1]['cursor']}", dim=True))


def echo_hits(hits: list[dict[str, Any]], offset: int = 0) -> None:
    """Print hits for people: place, passage, reasons, id."""
    if not hits:
        click.echo("nothing found")
    columns = min(get_terminal_size().columns, 120)
    for rank, hit in enumerate(hits, offset + 1):
        click.echo(lines_of(rank, hit, columns))


def lines_of(rank: int, hit: dict[str, Any], columns: int) -> str:
    """One hit: its place and title, the passage, the reasons, its id."""
    from dataq_gateway.output import one_line
    from dataq_gateway.reasons import hanging, passage, reasons

    title = f"  {one_line(hit['title'], 60)}" if hit.get("title") else ""
    others = f"  and {hit['others']} more of asset {hit['asset_id']}" if hit["others"] else ""
    lines = (
        passage(hit["snippet"], len(hit["text"])),
        f"{click.style('why', fg='green')}: {reasons(hit['why'])}",
        f"id {hit['id']}  source {hit['source']}{others}",
    )
    head = f"{rank:>2}. {click.style(one_line(hit['path'], 90), bold=True)}{title}"
    return "\n".join([head, *(hanging(line, "    ", columns) for line in lines)])
