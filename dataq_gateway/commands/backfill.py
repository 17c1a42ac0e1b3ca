"""`dataq backfill`: a range of a source's windows once more, as one run."""

from __future__ import annotations

import click

from dataq_gateway.options import json_option


@click.command("backfill")
@click.argument("name")
@click.argument("first")
@click.argument("last", required=False)
@json_option("Print what was done as one JSON object, and no progress.")
def command(name: str, first: str, last: str | None, as_json: bool) -> None:
    """Archive the windows FIRST to LAST of the source NAME again.

    Windows are written as Dagster's UI shows them: 2026-03 of a source with monthly windows,
    2026-03-31 of one with daily ones; LAST is FIRST if it is not given. The source is asked also
    for what it has sent before; what comes again unchanged adds no row. All of it is one run,
    visible in the UI, and what is new is then processed as by `dataq run`.
    """
    from dataq_assets.runs.backfill import backfill
    from dataq_gateway.commands.run import tell
    from dataq_gateway.progress import shown
    from dataq_resources.home import home_from_environment

    with shown(quiet=as_json) as listener:
        outcome = backfill(home_from_environment(), name, [(first, last or first)], listener)
    tell(outcome, as_json=as_json)
