"""`dataq cat`: the exact bytes behind an id."""

from __future__ import annotations

import sys

import click

from dataq_gateway.options import as_of_option, json_option


@click.command("cat")
@click.argument("id")
@click.option(
    "--part",
    metavar="NUMBER",
    help="Of a mail only this part (1, 2.1, …), its header included, as it travelled: what a "
    "signature is about.",
)
@as_of_option()
@json_option("Tell errors as JSON; the bytes stay bytes.")
def command(
    id: str,  # noqa: A002 - click's
    part: str | None,
    as_of: str | None,
    as_json: bool,  # noqa: ARG001 - click's
) -> None:
    """Write the exact bytes behind ID.

    ID is that of a hit, an asset or an item, or its first 8 digits. Members of archives and
    attachments of mails are taken out of them. Nothing is written before all bytes agree with the
    hash they were archived under.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake.ancestry import content

    stream = sys.stdout.buffer
    pieces = content(existing_lake(as_of), id)
    for piece in pieces if part is None else [_part(b"".join(pieces), part)]:
        stream.write(piece)
    stream.flush()


def _part(data: bytes, number: str) -> bytes:
    from dataq_analyzers.mail.mime import part_bytes
    from dataq_lake.errors import FixTheCall

    found = part_bytes(data, number)
    if found is None:
        raise FixTheCall(f"there is no part {number} in it")
    return found
