"""`dataq collections`: groups of what is alike, and what they are called."""

from __future__ import annotations

import click

from dataq_gateway.options import as_of_option, json_option


@click.group("collections")
def command() -> None:
    """List, show and name groups of what is alike.

    `dataq relate` and the daemon bring them up to date. A collection keeps its id while more than
    half of its core stays together; a name that you give stays with the id.
    """


@command.command("list")
@click.option("--all", "every", is_flag=True, help="All, not only the 50 largest.")
@as_of_option()
@json_option()
def list_collections(every: bool, as_of: str | None, as_json: bool) -> None:
    """List collections, the largest first."""
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import columns, echo_json
    from dataq_gateway.tagged import MOST, collections

    rows = collections(existing_lake(as_of), None if every else MOST)
    if as_json:
        echo_json(rows)
    elif rows:
        names = ["id", "size", "name"]
        cells = [[row[name] for name in names] for row in rows]
        click.echo(columns(names, cells, right={"size"}))
    else:
        click.echo("no collections: `dataq relate` finds them")


@command.command("show")
@click.argument("id")
@as_of_option()
@json_option()
def show(id: str, as_of: str | None, as_json: bool) -> None:  # noqa: A002 - click names it
    """Show a collection with its members.

    ID may be its first digits, or the whole name. The members nearest to its middle come first;
    * marks those of its core.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import columns, echo_json, one_line
    from dataq_gateway.tagged import members
    from dataq_lake.tagging import collection

    lake = existing_lake(as_of)
    found = collection(lake, id)
    rows = members(lake, found["id"])
    if as_json:
        echo_json({**found, "members": rows})
        return
    click.echo(f"{one_line(found['name'])}\n{found['id']}, {found['size']} members\n")
    told = [
        [row["asset_id"], f"{row['strength']:.3f}", "*" if row["is_core"] else "", row["path"]]
        for row in rows
    ]
    click.echo(columns(["asset", "strength", "core", "path"], told))


@command.command("rename")
@click.argument("id")
@click.argument("name")
@click.option("--by", metavar="WHO", help="Who says so.  [default: the user]")
@json_option()
def rename(id: str, name: str, by: str | None, as_json: bool) -> None:  # noqa: A002 - click names it
    """Call a collection NAME from now on.

    ID may be its first digits, or the whole name that it has.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.tagging import rename as give

    done = give(existing_lake(), id, name, by)
    if as_json:
        echo_json(done)
    else:
        click.echo(f"{done['collection_id']} is called {done['name']}")
