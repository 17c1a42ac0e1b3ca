"""`dataq cat`: the exact bytes behind an id."""

from __future__ import annotations

import sys

import click

from dataq_gateway.options import as_of_option, json_option


@click.command("cat")
@click.argument("id")
@as_of_option()
@json_option("Tell errors as JSON; the bytes stay bytes.")
def command(id: str, as_of: str | None, as_json: bool) -> None:  # noqa: A002, ARG001 - click's
    """Write the exact bytes behind ID.

    ID is that of a hit, an asset or an item, or its first 8 digits. Members of archives and
    attachments of mails are taken out of them. Nothing is written before all bytes agree with the
    hash they were archived under.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake.ancestry import content

    stream = sys.stdout.buffer
    for piece in content(existing_lake(as_of), id):
        stream.write(piece)
    stream.flush()
