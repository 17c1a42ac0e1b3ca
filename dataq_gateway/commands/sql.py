"""`dataq sql`: any question to the lake, in SQL."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dataq_gateway.options import as_of_option, json_option

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("table", "csv", "json", "plain", "parquet")


@click.command("sql")
@click.argument("query", required=False)
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to print. [default: table]")
@json_option("Print a JSON array of objects: the same as --format json.")
@as_of_option()
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write to this file, not to stdout."
)
def command(
    query: str | None, form: str | None, as_json: bool, as_of: str | None, output: str | None
) -> None:
    """Ask the lake in SQL.

    QUERY is DuckDB's SQL; without it, standard input is read. Every table has its own name; `raw`
    is the union of all sources. `SHOW TABLES` lists them.
    """
    text = query if query and query != "-" else read_query()
    kind = "json" if as_json else form or "table"
    if kind == "parquet" and not output:
        raise click.UsageError("--format parquet needs --output FILE")
    write_result(run_query(text, as_of), kind, output)


def read_query() -> str:
    """The query from standard input; a terminal is asked for nothing."""
    text = "" if sys.stdin.isatty() else sys.stdin.read()
    if not text.strip():
        raise click.UsageError("no QUERY given, and nothing on standard input")
    return text


def run_query(text: str, as_of: str | None) -> pa.RecordBatchReader:
    """The result as a stream of record batches."""
    from dataq_gateway.home import existing_lake
    from dataq_lake.sql import query

    return query(existing_lake(as_of), text).to_arrow_reader(10_000)


def write_result(result: pa.RecordBatchReader, kind: str, output: str | None) -> None:
    """Write the rows in format `kind` to a file or to standard output."""
    from dataq_gateway import rows

    if kind == "parquet" and output:
        rows.write_parquet(result, output)
        return
    with click.open_file(output or "-", "w", encoding="utf-8") as stream:
        rows.WRITERS[kind](result, stream)
