"""`dataq upgrade`: brings a lake that an older DataQ has written to the schema of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dataq_gateway.options import json_option

if TYPE_CHECKING:
    from dataq_lake.upgrading import Upgrade


@click.command("upgrade")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@json_option("Print what was done as one JSON object.")
def command(dry_run: bool, as_json: bool) -> None:
    """Bring the lake's tables to this DataQ.

    Each table is migrated at once or not at all, and --as-of still reads how it was. Killed, it
    goes on when it is run again. A lake that a newer DataQ has written is left as it is.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.upgrading import plan, upgrade
    from dataq_resources.home import home_from_environment
    from dataq_resources.locks import every_writer

    lake = existing_lake()
    if dry_run:
        found = plan(lake)
    else:
        with every_writer(home_from_environment()):
            found = upgrade(lake, lambda each: None if as_json else click.echo(line(each, "done")))
    if as_json:
        echo_json({"dry_run": dry_run, "tables": [each.as_dict() for each in found]})
    elif not found:
        click.echo("nothing to upgrade")
    elif dry_run:
        click.echo("\n".join(line(each, "would be done") for each in found))


def line(each: Upgrade, verb: str) -> str:
    """One table's upgrade in words."""
    steps = ", ".join(each.migrations)
    return f"{each.table}: {each.before} to {each.after}, {each.rows:,} rows ({steps}): {verb}"
