"""`dataq deliver`: rows to their destinations, without a daemon."""

from __future__ import annotations

import click

from dataq_gateway.options import json_option


@click.command("deliver")
@click.argument("names", nargs=-1)
@json_option("Print what was done as one JSON object, and no progress.")
def command(names: tuple[str, ...], as_json: bool) -> None:
    """Send what is new to the destinations NAMES (all).

    What an earlier run left waiting is sent first. With a daemon (`dataq dev`) this happens by
    itself. Exit code 0 means that every destination took what it was sent; what it refused is
    dead: `dataq destinations deliveries --state dead` has it.
    """
    from dataq_assets.runs.delivering import deliver
    from dataq_gateway.destinations import counts
    from dataq_gateway.outcomes import as_dict, failures
    from dataq_gateway.output import echo_json
    from dataq_gateway.progress import shown
    from dataq_lake.lake import open_lake
    from dataq_resources.destinations import read_destinations
    from dataq_resources.home import home_from_environment

    home = home_from_environment()
    with shown(quiet=as_json) as listener:
        outcome = deliver(home, names, listener)
    lake = open_lake(home.lake)
    chosen = names or [each.name for each in read_destinations(home).good]
    told = {name: counts(lake, name) for name in chosen}
    if as_json:
        echo_json({**as_dict(outcome), "destinations": told})
    else:
        for name, rows in told.items():
            text = ", ".join(f"{count:,} {state}" for state, count in rows.items())
            click.echo(f"{name}: rows so far {text}")
        if not told:
            click.echo("no destinations yet: dataq destinations add NAME --plugin http_api …")
        for line in failures(outcome):
            click.echo(line, err=True)
    if not outcome.ok:
        click.get_current_context().exit(1)
