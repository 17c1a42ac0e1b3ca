"""`dataq plugins`: the programs that sources are made of."""

from __future__ import annotations

from pathlib import Path

import click

from dataq_gateway.options import json_option


@click.group("plugins")
def command() -> None:
    """List, check and begin plugins."""


@command.command("list")
@json_option("Print a JSON array of plugins.")
def list_plugins(as_json: bool) -> None:
    """List every plugin that can be named."""
    from dataq_gateway.output import columns, echo_json
    from dataq_gateway.plugin_facts import plugin_facts

    facts = plugin_facts()
    if as_json:
        echo_json(facts)
        return
    names = ["name", "version", "origin", "description"]
    click.echo(columns(names, ([each[name] for name in names] for each in facts)))


@command.command("check")
@click.argument("name", required=False)
@click.option("--command", "argv", metavar="ARGV", help="A plugin by its command, not by its name.")
@click.option("--config", multiple=True, metavar="NAME=VALUE", help="A setting of the plugin.")
@json_option("Print the report as one JSON object.")
def check(name: str | None, argv: str | None, config: tuple[str, ...], as_json: bool) -> None:
    """Prove that a plugin keeps the protocol.

    Every operation is tried, with right and with wrong input, on the source that the settings
    name. A destination gets rows of a made-up table. Exit code 1 means that something is not as
    the protocol says.
    """
    from dataq_gateway.plugin_check import checked

    report = checked(name, argv, config)
    click.echo(report.json() if as_json else report.text())
    if not report.ok:
        click.get_current_context().exit(1)


@command.command("new")
@click.argument("name")
@click.option(
    "--folder",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put it. [default: here]",
)
@json_option("Print the written files as a JSON array.")
def new(name: str, folder: Path, as_json: bool) -> None:
    """Begin a plugin of your own.

    NAME/NAME.py works as it is and NAME/test_NAME.py proves it; change both.
    """
    from dataq_gateway.output import echo_json
    from dataq_gateway.scaffold import new_plugin

    written = new_plugin(name, folder)
    if as_json:
        echo_json([str(path) for path in written])
    else:
        click.echo("\n".join(f"wrote {path}" for path in written))
