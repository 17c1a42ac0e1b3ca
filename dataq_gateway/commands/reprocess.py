"""`dataq reprocess`: derives again what came of a source, of its windows, or of an analyzer."""

from __future__ import annotations

import click

from dataq_gateway.options import json_option


@click.command("reprocess")
@click.option("--source", metavar="NAME", help="What came of this source.")
@click.option("--from", "first", metavar="WINDOW", help="Its items from this window on.")
@click.option("--to", "last", metavar="WINDOW", help="Its items up to this window.")
@click.option(
    "--analyzer",
    metavar="NAME[@VERSION]",
    help="What this analyzer has read: in any version, in one (text@2), or before one ('text@<3').",
)
@click.option("--dry-run", is_flag=True, help="Only tell how much that is.")
@json_option("Print what was done as one JSON object, and no progress.")
def command(
    source: str | None,
    first: str | None,
    last: str | None,
    analyzer: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Derive again what was derived wrongly.

    With --source everything that came of its items, from the gate on; with --analyzer the texts of
    the contents that it has read, and what follows from them; with both, those of the source.
    Raw stays as it is and no source is asked. Until all is derived again the tables lack these
    rows, while the search still has them; as they were, `--as-of` shows them. If it is
    interrupted, the next `dataq run` goes on.
    """
    from dataq_assets.runs.reprocess import count, reprocess
    from dataq_assets.stages.scope import Scope
    from dataq_gateway.commands.run import tell
    from dataq_gateway.output import echo_json
    from dataq_gateway.progress import shown
    from dataq_resources.home import home_from_environment

    name, _, version = (analyzer or "").partition("@")
    scope = Scope(source, first, last, name or None, version or None)
    home = home_from_environment()
    counts = count(home, scope)
    if dry_run and as_json:
        echo_json({"dry_run": True, **counts})
        return
    if not as_json:
        click.echo("to derive again: " + ", ".join(f"{n:,} {what}" for what, n in counts.items()))
    if dry_run:
        return
    with shown(quiet=as_json) as listener:
        outcome = reprocess(home, scope, listener)
    tell(outcome, as_json=as_json)
