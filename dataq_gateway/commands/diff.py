"""`dataq diff`: what became of the lake between two times or snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dataq_gateway.options import json_option

if TYPE_CHECKING:
    from dataq_lake.comparing import Comparison

SHOWN = 50
MARKS = {"added": "+", "changed": "~", "removed": "-"}


@click.command("diff")
@click.argument("a")
@click.argument("b", required=False)
@click.option(
    "--all", "show_all", is_flag=True, help=f"Name every path, not only the first {SHOWN}."
)
@json_option("Print the comparison as one JSON object, every path included.")
def command(a: str, b: str | None, show_all: bool, as_json: bool) -> None:
    """Show what was added, changed and removed from A to B.

    Each is a time, or the name or id of a snapshot; without B, the lake as it is now.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.comparing import compare

    lake = existing_lake()
    found = compare(lake.at(a), lake.at(b))
    if as_json:
        echo_json({"from": a, "to": b, **found.as_dict()})
    else:
        click.echo("\n".join(lines(found, len(found.assets) if show_all else SHOWN)))


def lines(found: Comparison, shown: int) -> list[str]:
    """The counts by table, then the paths."""
    from dataq_gateway.output import columns, one_line

    if not found.tables and not found.assets:
        return ["nothing changed"]
    header = ("table", "added", "changed", "removed")
    rows = [(name, *(getattr(each, h) for h in header[1:])) for name, each in found.tables.items()]
    told = [columns(header, rows, right=header[1:])]
    if found.assets:
        told.append("")
    for each in found.assets[:shown]:
        note = "  (the same bytes)" if each.change == "changed" and each.same_bytes else ""
        told.append(f"{MARKS[each.change]} {each.source}  {one_line(each.path)}{note}")
    if len(found.assets) > shown:
        told.append(f"and {len(found.assets) - shown:,} more: --all names them")
    return told
