"""`dataq check`: whether everything in the lake is as it should be."""

from __future__ import annotations

import click

from dataq_gateway.options import json_option


@click.command("check")
@json_option("Print the results as one JSON object.")
def command(as_json: bool) -> None:
    """Run every asset check; exit with 1 if one fails."""
    from dataq_assets.runs import check
    from dataq_gateway.home import existing_lake
    from dataq_gateway.outcomes import as_dict, failures
    from dataq_gateway.output import echo_json
    from dataq_resources.home import home_from_environment

    existing_lake()
    outcome = check(home_from_environment())
    if as_json:
        echo_json(as_dict(outcome))
    else:
        warnings = (f"warning: {each}" for each in outcome.warnings)
        for line in (*(f"ok: {each}" for each in outcome.passed), *warnings, *failures(outcome)):
            click.echo(line)
        click.echo(f"{len(outcome.passed)} checks passed, {len(outcome.failures)} failed")
    if not outcome.ok:
        click.get_current_context().exit(1)
