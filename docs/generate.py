"""Writes the parts of the documentation that the code already says: `make docs`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pyarrow as pa

from dataq_gateway.cli import cli
from dataq_lake.columns import meaning
from dataq_lake.schemas import TABLES, Table, raw_table

HERE = Path(__file__).resolve().parent
TABLES_BEGIN = (
    "<!-- tables: written by docs/generate.py from dataq_lake/schemas/ and columns.py; "
    "run `make docs` -->\n"
)
TABLES_END = "<!-- end of tables -->"
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


def lake_page() -> str:
    """docs/lake.md: written by hand but for its tables."""
    page = (HERE / "lake.md").read_text(encoding="utf-8")
    before, begin, rest = page.partition(TABLES_BEGIN)
    _, end, after = rest.partition(TABLES_END)
    tables = [raw_table("source"), *TABLES.values()]
    return before + begin + "".join(table_section(table) for table in tables) + end + after


def table_section(table: Table) -> str:
    """What a table holds, column by column."""
    raw = table.name.startswith("raw_")
    name = "`raw`, `raw_<source>`" if raw else f"`{table.name}`"
    doc = "Every observed version of everything in a source." if raw else table.doc
    key = ", ".join(f"`{column}`" for column in table.key)
    head = f"\n### {name}\n\n{doc} Key: {key}.\n\n| column | type | what |\n|---|---|---|\n"
    return head + "".join(column_row(table, field) for field in table.schema)


def column_row(table: Table, field: pa.Field) -> str:
    """A column as a line of a Markdown table."""
    what = meaning("raw" if table.name.startswith("raw_") else table.name, field.name)
    bulky = " *(bulky)*" if field.name in table.bulky else ""
    return f"| `{field.name}` | {type_name(field.type)} | {what}{bulky} |\n"


def type_name(kind: pa.DataType) -> str:
    """A type in a word or two, the fields of a struct by name."""
    if pa.types.is_timestamp(kind):
        return "time"
    if pa.types.is_map(kind):
        return "map"
    if pa.types.is_list(kind):
        return f"list of {type_name(kind.value_type)}"
    if pa.types.is_struct(kind):
        return f"struct ({', '.join(field.name for field in kind)})"
    return {"large_string": "string", "bool": "boolean"}.get(str(kind), str(kind))


def columns_file() -> str:
    """The columns of every table, a line each, for what must not load the schemas."""
    lines = []
    for name, table in {"raw": raw_table("any"), **TABLES}.items():
        found = [[each.name, str(each.type), each.name in table.key] for each in table.schema]
        lines.append(f"{json.dumps(name)}: {json.dumps(found)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


PAGES = {
    "cli.md": cli_page,
    "lake.md": lake_page,
    "../dataq_lake/columns.json": columns_file,
}


def main() -> None:
    """Write every generated page; print those that changed."""
    for name, write in PAGES.items():
        path, text = HERE / name, write()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.resolve().relative_to(HERE.parent)}\n")


if __name__ == "__main__":
    main()
