"""`dataq check`: whether everything in the lake is as it should be."""

from __future__ import annotations

from pathlib import Path

import click

from dataq_gateway.options import json_option


@click.command("check")
@click.option("--deep", is_flag=True, help="Also read and hash every byte that is stored.")
@click.option("--repair", is_flag=True, help="With --deep: mend what can be had again.")
@click.option("--strict", is_flag=True, help="Take warnings for failures.")
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Write the results as JUnit XML for a CI server to FILE; - is standard output.",
)
@json_option("Print the results as one JSON object.")
def command(deep: bool, repair: bool, strict: bool, junit: Path | None, as_json: bool) -> None:
    """Run every asset check; exit with 1 if one fails.

    Each says which rows break it: the first are in --json and --junit and on Dagster's pages.
    Those of severity warning are only told, and fail with --strict.

    --deep looks at the files first: logs, tables, blobs and search indexes, each to its last
    byte, and whether ids are unique and references lead somewhere. --repair derives tables and
    indexes again, fetches blobs again from their source, and says what it cannot mend.
    """
    from dataq_assets.runs import Outcome, check
    from dataq_gateway.deep import look_deep
    from dataq_gateway.home import existing_lake
    from dataq_gateway.junit import report
    from dataq_gateway.outcomes import as_dict, failures
    from dataq_gateway.output import echo_json
    from dataq_resources.home import home_from_environment

    if repair and not deep:
        raise click.UsageError("--repair needs --deep: it mends what --deep finds")
    to_stdout = junit is not None and str(junit) == "-"
    if as_json and to_stdout:
        raise click.UsageError("--json and --junit - both want standard output: give --junit FILE")
    existing_lake()
    home = home_from_environment()
    found = look_deep(home, repair=repair, quiet=as_json or to_stdout) if deep else None
    # The checks of the tables would fail for what is known already.
    outcome = check(home) if found is None or found.ok else Outcome()
    ok = outcome.ok and (found is None or found.ok) and not (strict and outcome.warnings)
    if junit is not None:
        _write(junit, report(outcome, found.left_over if found else (), strict))
    if as_json:
        echo_json({**as_dict(outcome), **(found.as_dict() if found else {}), "ok": ok})
    elif not to_stdout:
        warnings = (f"warning: {each}" for each in outcome.warnings)
        for line in (*(f"ok: {each}" for each in outcome.passed), *warnings, *failures(outcome)):
            click.echo(line)
        for line in found.lines() if found else ():
            click.echo(line)
        click.echo(f"{len(outcome.passed)} checks passed, {len(outcome.failures)} failed")
    if not ok:
        click.get_current_context().exit(1)


def _write(target: Path, text: str) -> None:
    with click.open_file(str(target), "w", encoding="utf-8") as file:
        file.write(text)
