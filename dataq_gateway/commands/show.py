"""`dataq show`: where a row or a hit comes from, step by step down to the source."""

from __future__ import annotations

import click

from dataq_gateway.options import as_of_option, json_option


@click.command("show")
@click.argument("id")
@as_of_option()
@json_option("Print the ancestry as one JSON object.")
def command(id: str, as_of: str | None, as_json: bool) -> None:  # noqa: A002 - click names it
    """Follow ID back to its source.

    The way: hit, segment, analyzer, asset version, raw row, source, plugin, run.
    """
    from dataq_gateway.descent import descent
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.ancestry import ancestry

    found = ancestry(existing_lake(as_of), id)
    if as_json:
        echo_json(found)
    else:
        click.echo(descent(found))
