"""`dataq levels`: how well the lake serves, measured now or over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from dataq_gateway.options import json_option

HISTORY = 60


@click.command("levels")
@click.option("--history", "past", is_flag=True, help="Measure nothing: show what was measured.")
@click.option(
    "-k",
    "--limit",
    "count",
    type=click.IntRange(1),
    default=HISTORY,
    show_default=True,
    help="The newest.",
)
@click.option("--svg", metavar="FILE", help="Draw a picture of what was measured.")
@json_option()
def command(past: bool, count: int, svg: str | None, as_json: bool) -> None:
    """Measure recall, speed, coverage and freshness.

    It is the asset `service_levels` with its checks: what was measured is kept, and plotted here
    and on Dagster's pages. Exit code 1 if a level that is promised is not kept.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.levels import history

    lake = existing_lake()
    failed = False if past else _measure()
    found = history(lake, count)
    if svg is not None:
        _draw(found, Path(svg))
    if as_json:
        shown = {name: rows[-1] for name, rows in found.items()}
        echo_json(found if past else shown)
    else:
        click.echo("\n".join(lines(found)) or "never measured: `dataq levels`")
    if failed:
        click.get_current_context().exit(1)


def lines(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """A line a level: the newest value, its bar, and how it was before."""
    from dataq_gateway.plots import sparkline

    told = []
    for level, rows in found.items():
        last = rows[-1]
        value = "not measured" if last["value"] is None else f"{last['value']:.4g} {last['unit']}"
        state = "kept" if last["passed"] else f"not kept: {last['reason'] or 'bar'}"
        curve = sparkline([row["value"] for row in rows])
        told.append(f"{level:<16} {value:>16}  bar {last['bar']:g}  {curve}  {state}")
    return told


def _measure() -> bool:
    """Measures, and says whether a promise is broken; warnings are told."""
    from dataq_assets.runs.asked import materialize
    from dataq_gateway.outcomes import failures
    from dataq_resources.home import home_from_environment

    outcome = materialize(home_from_environment(), "service_levels")
    for line in [*failures(outcome), *(f"warning: {each}" for each in outcome.warnings)]:
        click.echo(line, err=True)
    return not outcome.ok


def _draw(found: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    from dataq_gateway.errors import CommandFailed
    from dataq_gateway.plots import picture

    try:
        path.write_text(picture(found), encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written", where=str(error)) from None
