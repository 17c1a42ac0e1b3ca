"""`dataq search`: the best passages for some words, and why each was found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from dataq_gateway.found import echo_found, found_options
from dataq_gateway.options import as_of_option

if TYPE_CHECKING:
    from dataq_lake.search import Mode


@click.command("search")
@click.argument("words", nargs=-1)
@found_options()
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
@click.option("--like", multiple=True, metavar="ID", help="More like this segment or asset.")
@click.option(
    "--unlike", multiple=True, metavar="ID", help="Less like this one, which is left out."
)
@click.option(
    "--ranking",
    metavar="N",
    help="By this version of what was learned from feedback, or none; see `dataq ranking`.",
)
@as_of_option()
def command(
    words: tuple[str, ...], count: int, as_json: bool, mode: Mode, as_of: str | None, **wanted: Any
) -> None:
    """Find what fits WORDS best, and say why.

    Passages are found by meaning and by word; each tells its rank and score in both.

    Among WORDS, from: (a mail's sender), type:, in: (source or path), tag:, collection:, after:,
    before: and id: limit what is found; with a dash before, they exclude.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake.feedback.versions import NONE, parsed
    from dataq_lake.search import search
    from dataq_lake.search.filters import Filters

    if not words and not wanted["like"] and not wanted["unlike"]:
        raise click.MissingParameter(param_hint="'WORDS...'", param_type="argument")
    filters = Filters(
        types=wanted["types"],
        sources=wanted["sources"],
        after=moment(wanted["after"], "--after"),
        before=moment(wanted["before"], "--before"),
        paths=wanted["paths"],
    )
    found = search(
        existing_lake(as_of),
        " ".join(words),
        count,
        filters,
        mode,
        offset=wanted["offset"],
        cursor=wanted["cursor"],
        group=wanted["group"],
        like=wanted["like"],
        unlike=wanted["unlike"],
        snippet=wanted["snippet"],
        ranking=None if wanted["ranking"] is None else parsed(wanted["ranking"]) or NONE,
    )
    echo_found([hit.as_dict() for hit in found], as_json, count, wanted["offset"])


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
