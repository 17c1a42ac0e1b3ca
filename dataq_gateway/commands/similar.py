"""`dataq similar`: what is nearest in meaning to a passage, or to a whole file or mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from dataq_gateway.found import echo_found, found_options
from dataq_gateway.options import as_of_option

if TYPE_CHECKING:
    from dataq_lake.search.ask import More


@click.command("similar")
@click.argument("id")
@found_options()
@as_of_option()
def command(
    id: str,  # noqa: A002 - click names it
    count: int,
    as_json: bool,
    as_of: str | None,
    **wanted: Unpack[More],
) -> None:
    """Find what is nearest in meaning to ID.

    ID is that of a segment or of an asset, whose passages are taken together; 8 digits are enough.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake.search.similar import similar

    found = similar(existing_lake(as_of), id, count, **wanted)
    echo_found([hit.as_dict() for hit in found], as_json, count, wanted["offset"])
