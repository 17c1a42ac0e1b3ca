"""`dataq completion`: the script that teaches a shell to complete dataq's words."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    bash: add `eval "$(dataq completion bash)"` to ~/.bashrc.
    """
    from click.shell_completion import get_completion_class

    from dataq_gateway.cli import cli

    script = get_completion_class(shell)
    if script is not None:
        click.echo(script(cli, {}, "dataq", "_DATAQ_COMPLETE").source())
