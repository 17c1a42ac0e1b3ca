"""`dataq marts`: the tables that analysts start from, built by dbt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dataq_gateway.options import json_option

if TYPE_CHECKING:
    from dataq_assets.modeling.project import Mart
    from dataq_assets.runs import Outcome


@click.command("marts")
@click.option(
    "--docs",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Build nothing, but write a page of HTML about all models to this file.",
)
@click.option(
    "--freshness",
    is_flag=True,
    help="Build nothing, but say how old the newest row of the lake is; 1 is too old.",
)
@json_option("Print what was done as one JSON object.")
def command(docs: Path | None, freshness: bool, as_json: bool) -> None:
    """Build the marts from the lake as it is, and test them.

    `dataq sql 'from marts.sources'` asks them. With a daemon (`dataq dev`) they are built by
    themselves whenever the lake has changed. If a test fails, the marts stay as they were, and the
    exit code is 1. Needs dbt, and says how to install it.
    """
    from dataq_assets.modeling.project import MartsProject
    from dataq_assets.runs.modeling import build_marts, check_freshness, write_docs
    from dataq_gateway.progress import shown
    from dataq_resources.home import home_from_environment

    home = home_from_environment()
    if docs:
        write_docs(home, docs)
        click.echo(str(docs))
        return
    if freshness:
        tell_freshness(check_freshness(home), as_json=as_json)
        return
    with shown(quiet=as_json) as listener:
        outcome = build_marts(home, listener)
    tell(outcome, MartsProject(home).published(), as_json=as_json)


def tell(outcome: Outcome, marts: list[Mart], *, as_json: bool) -> None:
    """Print what can be read now, and what failed; exit with 1 if anything did."""
    from dataq_gateway.outcomes import as_dict, failures
    from dataq_gateway.output import echo_json

    if as_json:
        echo_json({**as_dict(outcome), "marts": [mart._asdict() for mart in marts]})
    else:
        for mart in marts:
            click.echo(f"marts.{mart.name:<20} {mart.rows:>9,} rows  {mart.doc}")
        click.echo(f"{len(outcome.passed)} tests passed; took {outcome.seconds:.1f} s")
        for line in failures(outcome):
            click.echo(line, err=True)
    if not outcome.ok:
        click.get_current_context().exit(1)


def tell_freshness(outcome: Outcome, *, as_json: bool) -> None:
    """Print how old tables are; exit with 1 if one is too old."""
    from dataq_gateway.outcomes import as_dict, failures
    from dataq_gateway.output import echo_json

    if as_json:
        echo_json(as_dict(outcome))
    else:
        for line in outcome.passed or outcome.warnings:
            click.echo(line)
        for line in failures(outcome):
            click.echo(line, err=True)
    if not outcome.ok:
        click.get_current_context().exit(1)
