"""`dataq status`: what is archived, how far it got, and what needs attention."""

from __future__ import annotations

from typing import Any

import click

from dataq_gateway.options import json_option


@click.command("status")
@json_option("Print the status as one JSON object.")
def command(as_json: bool) -> None:
    """Show sources, tables, quarantine and the search index."""
    from dataq_gateway.inventory import inventory
    from dataq_gateway.output import echo_json
    from dataq_resources.home import home_from_environment

    found = inventory(home_from_environment())
    if as_json:
        echo_json(found)
    else:
        click.echo("\n\n".join(sections(found)))


def sections(found: dict[str, Any]) -> list[str]:
    """The parts of the status as text."""
    from dataq_gateway.output import local, size

    parts = [f"home {found['home']}"]
    if found["sources"]:
        parts.append(table_of(found["sources"], "source plugin protocol rows changed run_id"))
    else:
        parts.append(
            "no sources yet: dataq sources add NAME --plugin file_scanner --config root=DIR"
        )
    tables = [{**each, "size": size(each["bytes"])} for each in found["tables"] if each["rows"]]
    if tables:
        parts.append(table_of(tables, "table rows size version changed"))
    if found["quarantine"]:
        parts.append("quarantine, open\n" + table_of(found["quarantine"], "source stage rule rows"))
    if index := found["index"]:
        parts.append(
            f"index {index['snapshot']} of {local(index['created_at'])}, "
            f"{index['segments']:,} segments"
        )
    return parts


def table_of(rows: list[dict[str, Any]], names: str) -> str:
    """The values called `names` of each row, in columns."""
    from dataq_gateway.output import columns

    header = names.split()
    return columns(
        header, ([row[name] for name in header] for row in rows), right=("rows", "size", "version")
    )
