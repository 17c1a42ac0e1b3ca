"""`dataq search`: the best passages for some words, and why each was found."""

from __future__ import annotations

from datetime import UTC, datetime
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from dataq_gateway.options import as_of_option, json_option

if TYPE_CHECKING:
    from dataq_lake.search import Mode


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("-k", "count", default=10, show_default=True, type=click.IntRange(1, 10_000))
@json_option("Print a JSON array of hits.")
@click.option("--type", "types", multiple=True, help="Only this type: text/plain, or text/*.")
@click.option("--source", "sources", multiple=True, help="Only this source.")
@click.option("--path", "paths", multiple=True, help="Only paths that match this pattern.")
@click.option("--after", metavar="TIME", help="Only what is from this time (ISO 8601) or later.")
@click.option("--before", metavar="TIME", help="Only what is from before this time.")
@click.option(
    "--mode",
    type=click.Choice(["hybrid", "vector", "text"]),
    default="hybrid",
    show_default=True,
    help="Which retrievers to ask.",
)
@as_of_option()
def command(
    words: tuple[str, ...], count: int, as_json: bool, mode: Mode, as_of: str | None, **wanted: Any
) -> None:
    """Find what fits WORDS best, and say why.

    Passages are found by meaning and by word; each tells its rank and score in both.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.search import search
    from dataq_lake.search_filters import Filters

    filters = Filters(
        types=wanted["types"],
        sources=wanted["sources"],
        after=moment(wanted["after"], "--after"),
        before=moment(wanted["before"], "--before"),
        paths=wanted["paths"],
    )
    found = search(existing_lake(as_of), " ".join(words), count, filters, mode)
    hits = [hit.as_dict() for hit in found]
    if as_json:
        echo_json(hits)
    else:
        echo_hits(hits)


def moment(text: str | None, option: str) -> datetime | None:
    """The time that `text` names; one without a zone is in this machine's."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a time: write 2026-05-19 or 2026-05-19T08:00:00Z", param_hint=option
        ) from None


def echo_hits(hits: list[dict[str, Any]]) -> None:
    """Print hits for people: place, passage, reasons, id."""
    if not hits:
        click.echo("nothing found")
    columns = min(get_terminal_size().columns, 120)
    for rank, hit in enumerate(hits, 1):
        click.echo(lines_of(rank, hit, columns))


def lines_of(rank: int, hit: dict[str, Any], columns: int) -> str:
    """One hit: its place and title, the passage, the reasons, its id."""
    from dataq_gateway.output import one_line
    from dataq_gateway.reasons import hanging, passage, reasons

    title = f"  {one_line(hit['title'], 60)}" if hit.get("title") else ""
    lines = (
        passage(hit["text"], hit["why"].get("terms", [])),
        f"{click.style('why', fg='green')}: {reasons(hit['why'])}",
        f"id {hit['id']}  source {hit['source']}",
    )
    head = f"{rank:>2}. {click.style(one_line(hit['path'], 90), bold=True)}{title}"
    return "\n".join([head, *(hanging(line, "    ", columns) for line in lines)])
