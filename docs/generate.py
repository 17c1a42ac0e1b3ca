"""Writes the parts of the documentation that the code already says: `make docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from dataq_gateway.cli import cli

HERE = Path(__file__).resolve().parent
MARK = "<!-- Written by docs/generate.py; change the code and run `make docs`. -->"

INTRODUCTION = """\
Every command takes `--json` where it prints something that a program may want: the result goes to
standard output, an error as one object to standard error. Times are local for people and UTC in
JSON. `NO_COLOR` is respected. Where the archive lives is told in [settings](settings.md).

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed: the line on standard error says what, where and what to do |
| 2 | wrong usage |
| 130 | interrupted |
"""


def every_command() -> Iterator[tuple[str, click.Command]]:
    """The path and the command of everything that `dataq` can be asked, groups first."""
    yield from below("dataq", cli)


def below(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and its subcommands."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from below(f"{path} {name}", found)


def help_text(path: str, command: click.Command) -> str:
    """What `--help` prints, at a width that does not depend on the terminal."""
    parent = (
        click.Context(click.Group(), info_name=path.rpartition(" ")[0]) if " " in path else None
    )
    settings = {
        "help_option_names": ["-h", "--help"],
        "terminal_width": 90,
        "max_content_width": 90,
    }
    context = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent, **settings)
    return command.get_help(context)


def cli_page() -> str:
    """docs/cli.md."""
    parts = [f"# The `dataq` command\n\n{MARK}\n", INTRODUCTION]
    for path, command in every_command():
        parts.append(f"## {path}\n\n```text\n{help_text(path, command)}\n```\n")
    return "\n".join(parts)


PAGES = {"cli.md": cli_page}


def main() -> None:
    """Write every generated page; print those that changed."""
    for name, write in PAGES.items():
        path, text = HERE / name, write()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote docs/{name}\n")


if __name__ == "__main__":
    main()
