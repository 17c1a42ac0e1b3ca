"""`dataq sql`: any question to the lake, in SQL."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dataq_gateway.options import as_of_option, json_option

if TYPE_CHECKING:
    import pyarrow as pa

    from dataq_lake.limits import Limits

FORMATS = ("table", "csv", "json", "jsonl", "plain", "parquet")


@click.command("sql")
@click.argument("query", required=False)
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to print. [default: table]")
@json_option("Print a JSON array of objects: the same as --format json.")
@as_of_option()
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write to this file, not to stdout."
)
@click.option("--memory", metavar="SIZE", help="Memory it may use, like 4GB. [DATAQ_SQL_MEMORY]")
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    help="Time it may work. [DATAQ_SQL_SECONDS]",
)
@click.option("--attach", is_flag=True, help="Print how any DuckDB client opens the same views.")
def command(
    query: str | None,
    form: str | None,
    as_json: bool,
    as_of: str | None,
    output: str | None,
    memory: str | None,
    seconds: float | None,
    attach: bool,
) -> None:
    """Ask the lake in SQL.

    QUERY is DuckDB's SQL; without it, standard input is read. Every table has its own name; `raw`
    is the union of all sources. `SHOW TABLES` lists them. What `dataq marts` has built is there as
    `marts.sources`, `marts.storage_by_type`, … A question can read these tables and nothing else,
    and is stopped when it takes too much memory or time.
    """
    if attach:
        if query:
            raise click.UsageError("--attach prints how to open the views: it takes no QUERY")
        write_attachment(as_of, output)
        return
    text = query if query and query != "-" else read_query()
    kind = "json" if as_json else form or "table"
    if kind == "parquet" and output in {None, "-"} and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for terminals: give --output FILE, or use a pipe")
    from dataq_lake.limits import limits_from

    limits = limits_from().but(memory, seconds)
    write_result(run_query(text, as_of, limits), kind, output)


def read_query() -> str:
    """The query from standard input; a terminal is asked for nothing."""
    text = "" if sys.stdin.isatty() else sys.stdin.read()
    if not text.strip():
        raise click.UsageError("no QUERY given, and nothing on standard input")
    return text


def run_query(text: str, as_of: str | None, limits: Limits) -> pa.RecordBatchReader:
    """The result as a stream of record batches."""
    from dataq_gateway.home import existing_lake
    from dataq_gateway.wall import OWN_PROCESS, stop, walled
    from dataq_lake.sql import query
    from dataq_resources.home import home_from_environment

    lake = existing_lake(as_of)
    # the marts are as they were built last, not as the lake was
    marts = None if as_of else home_from_environment().marts_file
    if not click.get_current_context().meta[OWN_PROCESS]:
        return query(lake, text, limits=limits, marts=marts).to_arrow_reader()
    walled(limits)
    answer = query(lake, text, limits=limits, stuck=lambda: stop(limits), marts=marts)
    return answer.to_arrow_reader()


def write_result(result: pa.RecordBatchReader, kind: str, output: str | None) -> None:
    """Write the rows in format `kind` to a file or to standard output."""
    from dataq_gateway import rows

    if kind == "parquet":
        with click.open_file(output or "-", "wb") as binary:
            rows.write_parquet(result, binary)
        return
    with click.open_file(output or "-", "w", encoding="utf-8") as stream:
        rows.WRITERS[kind](result, stream)


def write_attachment(as_of: str | None, output: str | None) -> None:
    """Write the SQL that opens the same views elsewhere."""
    from dataq_gateway.home import existing_lake
    from dataq_lake.attaching import attachment

    with click.open_file(output or "-", "w", encoding="utf-8") as stream:
        stream.write(attachment(existing_lake(as_of)))
