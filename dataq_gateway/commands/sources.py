"""`dataq sources`: where the archive comes from."""

from __future__ import annotations

import click

from dataq_gateway.options import json_option


@click.group("sources")
def command() -> None:
    """Add, list, check and remove sources."""


@command.command("add")
@click.argument("name")
@click.option("--plugin", metavar="NAME", help="A plugin that `dataq plugins list` names.")
@click.option(
    "--command", "argv", metavar="ARGV", help="A plugin by its command; no shell is used."
)
@click.option("--config", multiple=True, metavar="NAME=VALUE", help="A setting of the plugin.")
@click.option("--limit", multiple=True, metavar="NAME=NUMBER", help="A bound: silence_seconds=120.")
@click.option("--environment", multiple=True, metavar="NAME", help="A variable the plugin may see.")
@click.option(
    "--window",
    type=click.Choice(["hourly", "daily", "monthly", "yearly"]),
    help="How its raw rows are partitioned. [default: monthly]",
)
@click.option("--since", metavar="YYYY-MM-DD", help="Where its first window starts.")
@click.option(
    "--protocol", type=click.Choice(["v1", "plain"]), help="How it speaks. [default: found out]"
)
@click.option("--no-check", is_flag=True, help="Do not ask whether it reaches its source.")
@click.option("--exist-ok", is_flag=True, help="Do nothing if the same source is there already.")
@click.option(
    "--replace",
    is_flag=True,
    help="Overwrite a source of this name; settings that have no option here stay.",
)
@json_option("Print the source as one JSON object.")
def add(
    name: str, as_json: bool, exist_ok: bool, replace: bool, no_check: bool, **given: object
) -> None:
    """Add the source NAME.

    The plugin is started: it says how it speaks and checks its settings and its source. One that
    knows only the plain protocol is run once, for ten seconds at most, to find out. Then
    $DATAQ_HOME/sources/NAME/defs.yaml is written. Secrets stay out of it: write --config
    token=env:NAME or token=file:PATH.
    """
    from dataq_gateway.adding import add_source
    from dataq_gateway.output import echo_json

    source, path, written = add_source(
        name, given, check=not no_check, exist_ok=exist_ok, replace=replace
    )
    if as_json:
        echo_json({**source.model_dump(exclude_defaults=True), "path": str(path), "added": written})
    else:
        click.echo(f"{'added' if written else 'unchanged'}: source {name}, {path}")


@command.command("list")
@json_option("Print a JSON array of sources.")
def list_sources(as_json: bool) -> None:
    """List every source; a broken one with its reason."""
    from dataq_gateway.output import columns, echo_json
    from dataq_resources.home import home_from_environment
    from dataq_resources.sources import config_text, read_sources

    found = read_sources(home_from_environment())
    if as_json:
        broken = [{"name": each.path.parent.name, "error": str(each)} for each in found.broken]
        echo_json([*(each.model_dump(exclude_unset=True) for each in found.good), *broken])
        return
    rows = [
        (
            each.name,
            each.plugin or " ".join(each.command or ()),
            each.protocol,
            each.window,
            " ".join(f"{name}={config_text(value)}" for name, value in each.config.items()),
        )
        for each in found.good
    ]
    click.echo(columns(["name", "plugin", "protocol", "window", "config"], rows))
    for error in found.broken:
        click.echo(f"broken: {error}")


@command.command("check")
@click.argument("names", nargs=-1)
@json_option("Print a JSON array of results.")
def check(names: tuple[str, ...], as_json: bool) -> None:
    """Ask the plugins of NAMES (all) for their sources."""
    from dataq_gateway.checking import check_sources
    from dataq_gateway.output import echo_json

    results = check_sources(names)
    if as_json:
        echo_json(results)
    else:
        for each in results:
            click.echo(f"{each['name']}: {each['error'] or 'ok'}")
    if any(each["error"] for each in results):
        click.get_current_context().exit(1)


@command.command("auth")
@click.argument("name")
@click.option("--port", default=0, metavar="NUMBER", help="Where the browser comes back to. [any]")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--seconds", default=600.0, metavar="NUMBER", help="How long to wait. [600]")
@json_option("Print the address, then the result, each as a JSON object on a line.")
def auth(name: str, as_json: bool, port: int, no_browser: bool, seconds: float) -> None:
    """Ask for consent to read the source NAME.

    An address is opened in the browser, or printed to be opened there; whoever owns the account
    consents, and the browser comes back to a port of this machine. The token is then in a file
    that only you can read. From another machine, forward that port: ssh -L 8123:127.0.0.1:8123
    HOST, with --port 8123 here.
    """
    import webbrowser

    from dataq_gateway.consenting import ask_consent, opened
    from dataq_gateway.output import dumps

    def show(address: str) -> None:
        if as_json:
            click.echo(dumps({"name": name, "address": address}, indent=None))
        elif no_browser or not opened(address, webbrowser.open):
            click.echo(f"open this address and consent:\n{address}")
        else:
            click.echo(f"waiting for consent in the browser, or at:\n{address}")

    token = ask_consent(name, show, port, seconds)
    if as_json:
        click.echo(dumps({"name": name, "token": token}, indent=None))
    else:
        click.echo(f"token: {token}; now: dataq sources check {name}")


@command.command("remove")
@click.argument("name")
@json_option()
def remove(name: str, as_json: bool) -> None:
    """Remove the source NAME; what it archived stays."""
    from dataq_gateway.output import echo_json
    from dataq_resources.home import home_from_environment
    from dataq_resources.sources import remove_source

    path = remove_source(home_from_environment(), name)
    if as_json:
        echo_json({"name": name, "removed": str(path)})
    else:
        click.echo(f"removed: source {name} ({path}); what it archived stays in the lake")
