"""`dataq run`: from the sources to the search index, without a daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dataq_gateway.options import json_option

if TYPE_CHECKING:
    from dataq_assets.runs import Outcome


@click.command("run")
@click.argument("names", nargs=-1)
@click.option("--full", is_flag=True, help="Ask plugins also for what they have sent before.")
@json_option("Print what was done as one JSON object, and no progress.")
def command(names: tuple[str, ...], full: bool, as_json: bool) -> None:
    """Archive the sources NAMES (all) and index them.

    Every step that has something new to do does it; whatever an earlier run left undone is done
    too. The runs are visible in Dagster's UI (`dataq dev`). Exit code 0 means that everything
    succeeded; rejected records are no failure, `dataq quarantine list` has them.
    """
    from dataq_assets.runs import run
    from dataq_gateway.errors import CommandFailed
    from dataq_gateway.progress import shown
    from dataq_resources.home import home_from_environment

    home = home_from_environment()
    if not any(home.sources.glob("*/defs.yaml")):
        raise CommandFailed(
            f"no sources in {home.path}",
            do="add one: dataq sources add NAME --plugin file_scanner --config root=DIR",
        )
    with shown(quiet=as_json) as listener:
        outcome = run(home, names, listener, full)
    tell(outcome, as_json=as_json)


def tell(outcome: Outcome, *, as_json: bool) -> None:
    """Print what came of a run; exit with 1 if anything failed."""
    from dataq_gateway.outcomes import as_dict, failures, summary
    from dataq_gateway.output import echo_json

    if as_json:
        echo_json(as_dict(outcome))
    else:
        click.echo(summary(outcome))
        for line in failures(outcome):
            click.echo(line, err=True)
    if not outcome.ok:
        click.get_current_context().exit(1)
