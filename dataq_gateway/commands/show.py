"""`dataq show`: where a row or a hit comes from, step by step down to the source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from dataq_gateway.options import json_option

DEEPEST = 6


@click.command("show")
@click.argument("id")
@json_option("Print the ancestry as one JSON object.")
def command(id: str, as_json: bool) -> None:  # noqa: A002 - click names it
    """Follow ID back to its source.

    The way: hit, segment, analyzer, asset version, raw row, source, plugin, run.
    """
    from dataq_lake.ancestry import ancestry

    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json

    found = ancestry(existing_lake(), id)
    if as_json:
        echo_json(found)
    else:
        click.echo("\n".join(outline(found)))


def outline(value: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """An object as indented lines, names first; what is empty is left out."""
    from dataq_gateway.output import one_line

    lead = "  " * depth
    for name, each in value.items():
        if each is None or each in ("", [], {}):
            continue
        if isinstance(each, dict) and depth < DEEPEST:
            yield f"{lead}{click.style(name, bold=True)}"
            yield from outline(each, depth + 1)
        elif isinstance(each, list) and each and isinstance(each[0], dict):
            for index, item in enumerate(each, 1):
                yield f"{lead}{click.style(f'{name} {index}', bold=True)}"
                yield from outline(item, depth + 1)
        else:
            yield f"{lead}{name}: {one_line(each)}"
