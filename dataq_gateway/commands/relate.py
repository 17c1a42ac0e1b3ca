"""`dataq relate`: brings the edges between what is archived up to date, without a daemon."""

from __future__ import annotations

import click

from dataq_gateway.options import json_option


@click.command("relate")
@click.argument("relations", nargs=-1)
@json_option("Print what was done as one JSON object, and no progress.")
def command(relations: tuple[str, ...], as_json: bool) -> None:
    """Find out what belongs together.

    RELATIONS are the kinds of edges, like links_to; all if none is named. Collections and tags
    follow.
    Only what has changed since the last time is looked at: `dataq run` does not do it, the daemon
    (`dataq dev`) does it by itself. `dataq graph` and the table `relationships` have the edges.
    """
    from dataq_assets.runs.relating import relate
    from dataq_gateway.outcomes import as_dict, failures
    from dataq_gateway.output import echo_json
    from dataq_gateway.progress import shown
    from dataq_resources.home import home_from_environment

    with shown(quiet=as_json) as listener:
        outcome = relate(home_from_environment(), relations, listener)
    if as_json:
        echo_json(as_dict(outcome))
    else:
        for table in ("relationships", "collections", "tags"):
            new, gone = (counts.get(table, 0) for counts in (outcome.rows, outcome.deleted))
            click.echo(f"{table}: {new:,} new, {gone:,} gone")
        click.echo(f"took {outcome.seconds:.1f} s")
        for line in failures(outcome):
            click.echo(line, err=True)
    if not outcome.ok:
        click.get_current_context().exit(1)
