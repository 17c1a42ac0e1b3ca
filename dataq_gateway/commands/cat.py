"""`dataq cat`: the exact bytes behind an id."""

from __future__ import annotations

import click

from dataq_gateway.options import json_option


@click.command("cat")
@click.argument("id")
@json_option("Tell errors as JSON; the bytes stay bytes.")
def command(id: str, as_json: bool) -> None:  # noqa: A002, ARG001 - click names them
    """Write the exact bytes behind ID.

    ID is that of an asset, an item or a hit. Members of archives and attachments of mails are taken
    out of them. Nothing is written before the bytes agree with the hash they were archived under.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.original import original, verified

    found = original(existing_lake(), id)
    stream = click.get_binary_stream("stdout")
    with found.file:
        for piece in verified(found, id):
            stream.write(piece)
    stream.flush()
