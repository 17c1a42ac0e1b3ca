"""`dataq tags`: what holds of an asset or a collection, and what people say of it."""

from __future__ import annotations

from typing import Any

import click

from dataq_gateway.options import Decorator, as_of_option, json_option


def by_option() -> Decorator:
    """--by, given to the command as `by`."""
    return click.option("--by", metavar="NAME", help="Who says so.  [default: the user]")


@click.group("tags")
def command() -> None:
    """List tags, give them and take them away.

    Taggers say what they are sure of when `dataq relate` or the daemon has something new; what
    people say is kept beside it, holds for every version of a thing, and is never overruled.
    """


@command.command("list")
@click.argument("id", required=False)
@click.option("--tag", metavar="TAG", help="Only this tag; * and ? stand for any characters.")
@click.option("--method", metavar="NAME", help="Only of this tagger, like folder, or manual.")
@as_of_option()
@json_option()
def list_tags(
    id: str | None,  # noqa: A002 - click names it
    tag: str | None,
    method: str | None,
    as_of: str | None,
    as_json: bool,
) -> None:
    """List the tags of ID, or how many have which tag.

    ID is that of an asset or a collection, or its first digits.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import columns, echo_json
    from dataq_gateway.tagged import counted, tags_of

    lake = existing_lake(as_of)
    rows = tags_of(lake, id, tag, method) if id else counted(lake, tag, method)
    if as_json:
        echo_json(rows)
    elif rows:
        names = [name for name in rows[0] if name not in {"id", "entity_id", "metadata"}]
        click.echo(columns(names, [[row[name] for name in names] for row in rows]))
    else:
        click.echo("no tags")


@command.command("add")
@click.argument("id")
@click.argument("tags", nargs=-1, required=True)
@by_option()
@json_option()
def add_tags(
    id: str,  # noqa: A002 - click names it
    tags: tuple[str, ...],
    by: str | None,
    as_json: bool,
) -> None:
    """Give ID these tags, for all its versions.

    ID is that of an asset or a collection, or its first digits.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake.tagging import add

    _tell(add(existing_lake(), id, tags, by), as_json)


@command.command("remove")
@click.argument("id")
@click.argument("tags", nargs=-1, required=True)
@by_option()
@json_option()
def remove_tags(
    id: str,  # noqa: A002 - click names it
    tags: tuple[str, ...],
    by: str | None,
    as_json: bool,
) -> None:
    """Take tags away from ID, whoever gave them.

    No tagger gives them back; `dataq tags add` does.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake.tagging import remove

    _tell(remove(existing_lake(), id, tags, by), as_json)


def _tell(done: dict[str, Any], as_json: bool) -> None:
    from dataq_gateway.output import echo_json

    if as_json:
        echo_json(done)
        return
    entity = done.pop("entity_id")
    for what, tags in done.items():
        click.echo(f"{entity}: {what} {', '.join(tags)}")
