"""`dataq graph`: what belongs together, from the edges in the table `relationships`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dataq_gateway.options import as_of_option, json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from dataq_lake.lake import Lake

FORMATS = ("graphml", "parquet")
COMPONENTS = 50


def type_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--type, given to the command as `types`."""
    return click.option(
        "--type",
        "types",
        multiple=True,
        help="Only edges of this type, like replies_to; repeat it for more.",
    )


@click.group("graph")
def command() -> None:
    """Ask who belongs to whom.

    Edges are those of the table `relationships`, which `dataq relate` and the daemon bring up to
    date. They are walked in both directions. SQL has the same as macros: graph_neighbours,
    graph_traverse, graph_path, graph_components.
    """


@command.command("neighbours")
@click.argument("entity", metavar="ID")
@click.option("--hops", type=click.IntRange(1, 20), default=1, show_default=True, help="How far.")
@type_option()
@as_of_option()
@json_option()
def neighbours(
    entity: str, hops: int, types: tuple[str, ...], as_of: str | None, as_json: bool
) -> None:
    """List what has an edge with ID, or is within some hops of it.

    ID is that of an asset or a text, or its first digits.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake import graph

    lake = existing_lake(as_of)
    _show(lake, graph.neighbours(graph.entity_id(lake, entity), types, hops), as_json)


@command.command("path")
@click.argument("entity", metavar="ID")
@click.argument("target")
@click.option("--hops", type=click.IntRange(1, 50), default=6, show_default=True, help="At most.")
@type_option()
@as_of_option()
@json_option()
def path(
    entity: str,
    target: str,
    hops: int,
    types: tuple[str, ...],
    as_of: str | None,
    as_json: bool,
) -> None:
    """Show a shortest way from ID to TARGET.

    Each line has the edge that leads to it: `out` as it is directed, `in` against it.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake import graph

    lake = existing_lake(as_of)
    ends = (graph.entity_id(lake, entity), graph.entity_id(lake, target))
    _show(lake, graph.path(*ends, types, hops), as_json, f"no way within {hops} hops")


@command.command("components")
@click.option("--smallest", type=click.IntRange(2), default=2, show_default=True, help="Members.")
@click.option("--all", "every", is_flag=True, help=f"All, not only the {COMPONENTS} largest.")
@type_option()
@as_of_option()
@json_option()
def components(
    smallest: int, every: bool, types: tuple[str, ...], as_of: str | None, as_json: bool
) -> None:
    """List the connected components, the largest first.

    A component is named by the smallest id of its members; the path is one of its assets'.
    """
    from dataq_gateway.home import existing_lake
    from dataq_lake import graph

    question = graph.components(types, smallest, None if every else COMPONENTS)
    _show(existing_lake(as_of), question, as_json)


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: as FILE ends]")
@type_option()
@as_of_option()
@json_option("Print what was written as one JSON object.")
def export(
    file: Path, form: str | None, types: tuple[str, ...], as_of: str | None, as_json: bool
) -> None:
    """Write all edges to FILE, as GraphML or Parquet.

    Parquet has a row an edge, with the paths of its ends.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake import graph

    kind = form or file.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise click.UsageError("give --format graphml or parquet, or a FILE that ends so")
    answer = existing_lake(as_of).sql(graph.edges(types))
    count = _WRITERS[kind](answer.to_arrow_reader(), file)
    told = {"file": str(file), "format": kind, "edges": count}
    if as_json:
        echo_json(told)
    else:
        click.echo(f"{count:,} edges in {file}")


def _graphml(result: pa.RecordBatchReader, file: Path) -> int:
    from dataq_gateway.graphml import write_graphml

    count = 0

    def rows() -> Any:
        nonlocal count
        for batch in result:
            count += batch.num_rows
            yield from batch.to_pylist()

    with file.open("w", encoding="utf-8") as stream:
        write_graphml(rows(), stream)
    return count


def _parquet(result: pa.RecordBatchReader, file: Path) -> int:
    import pyarrow.parquet as pq

    from dataq_gateway.rows import write_parquet

    with file.open("wb") as stream:
        write_parquet(result, stream)
    return int(pq.read_metadata(file).num_rows)


_WRITERS = {"graphml": _graphml, "parquet": _parquet}


def _show(lake: Lake, question: str, as_json: bool, nothing: str = "nothing") -> None:
    from dataq_gateway.output import columns, echo_json

    rows: Sequence[dict[str, Any]] = lake.sql(question).arrow().to_pylist()
    if as_json:
        echo_json([_plain(row) for row in rows])
    elif rows:
        names = [name for name in rows[0] if name != "metadata"]
        click.echo(columns(names, [[row[name] for name in names] for row in rows]))
    else:
        click.echo(nothing)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Maps as objects."""
    return {**row, "metadata": dict(row["metadata"] or ())} if "metadata" in row else row
