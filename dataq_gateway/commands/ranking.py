"""`dataq ranking`: makes, compares and uses versions of what is learned from feedback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dataq_gateway.options import as_of_option, json_option

if TYPE_CHECKING:
    from dataq_lake.feedback.comparing import Comparison

CHANGES = 10


@click.group("ranking")
def command() -> None:
    """Learn from feedback, compare, use, roll back.

    A version is made by `build` and has no say before `use`; none is ever changed.
    """


@command.command("build")
@json_option("Print what was made as one JSON object.")
def build(as_json: bool) -> None:
    """Make a version of all feedback there is.

    It is the asset `rankings`. Nothing is made where feedback and index are those of the newest.
    """
    from dataq_assets.runs.asked import materialize
    from dataq_gateway.home import existing_lake
    from dataq_gateway.outcomes import failures
    from dataq_gateway.output import echo_json
    from dataq_lake.feedback.versions import versions
    from dataq_resources.home import home_from_environment

    lake = existing_lake()
    before = len(versions(lake))
    outcome = materialize(home_from_environment(), "rankings")
    for line in failures(outcome):
        click.echo(line, err=True)
    if not outcome.ok:
        click.get_current_context().exit(1)
    found = versions(lake)
    made = len(found) > before
    newest = found[0].as_dict() if found else None
    if as_json:
        echo_json({"made": made, "ranking": newest})
    elif newest is None:
        click.echo("nothing was said yet: `dataq feedback add`")
    elif not made:
        click.echo(f"nothing new since ranking {newest['version']}")
    else:
        click.echo(f"ranking {newest['version']}: {_worth(newest['figures'])}")


@command.command("list")
@as_of_option()
@json_option()
def list_(as_of: str | None, as_json: bool) -> None:
    """List the versions, the newest first."""
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import columns, echo_json
    from dataq_lake.feedback.versions import versions

    found = versions(existing_lake(as_of))
    if as_json:
        echo_json([each.as_dict() for each in found])
        return
    header = ("version", "created_at", "feedback", "figures", "state")
    rows = [
        (
            each.version,
            each.created_at,
            each.basis["feedback"],
            _worth(each.figures),
            "in force" if each.in_force else "",
        )
        for each in found
    ]
    click.echo(columns(header, rows, right=("version", "feedback")) if rows else "no ranking yet")


@command.command("compare")
@click.argument("a")
@click.argument("b")
@click.option("--file", "file", metavar="FILE", help="By these judgements: lines like feedback's.")
@json_option()
def compare(a: str, b: str, file: str | None, as_json: bool) -> None:
    """Show what version B would change against A.

    Either may be none. Figures are by today's feedback, where no query is ranked by what was said
    of it, or by a file of other judgements.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.feedback.comparing import compare as compare_versions
    from dataq_lake.feedback.versions import parsed

    found = compare_versions(existing_lake(), parsed(a), parsed(b), _rows(file))
    if as_json:
        echo_json(found.as_dict())
    else:
        click.echo("\n".join(lines(found)))


@command.command("use")
@click.argument("version")
@click.option("--by", metavar="NAME", help="Who decided.")
@click.option("--note", metavar="TEXT", help="Why.")
@json_option()
def use(version: str, by: str | None, note: str | None, as_json: bool) -> None:
    """Put a version into force, or none, or an earlier one again."""
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.feedback.versions import in_force, parsed
    from dataq_lake.feedback.versions import use as use_version

    lake = existing_lake()
    before, wanted = in_force(lake), parsed(version)
    use_version(lake, wanted, by, note)
    if as_json:
        echo_json({"before": before, "in_force": wanted})
    else:
        back = f"dataq ranking use {'none' if before is None else before}"
        click.echo(f"in force: {'none' if wanted is None else wanted} (back: {back})")


def lines(found: Comparison) -> list[str]:
    """A comparison in words."""
    names = ["none" if each is None else str(each) for each in (found.a, found.b)]
    told = [f"by {found.by}: {found.figures['a']['queries']} queries"]
    for name, key in zip(names, "ab", strict=True):
        figures = found.figures[key]
        told.append(f"  {name:>4}: nDCG@10 {figures['ndcg']:.3f}  MRR {figures['mrr']:.3f}")
    told.append(f"  better {found.better}, worse {found.worse}")
    told.append(f"{len(found.changes)} queries change in their first ten")
    for each in found.changes[:CHANGES]:
        old, new = each["ndcg"]
        told.append(f"  {each['query']}: nDCG@10 {old:.3f} to {new:.3f}")
        told += [f"    {m['id']} {m['from']} to {m['to']}" for m in each["moves"]]
    return told


def _worth(figures: dict[str, Any]) -> str:
    """What a version is worth on queries that it was not made of, against no ranking."""
    if not figures:
        return "no query was judged"
    out, without = figures["held_out"], figures["without"]
    return (
        f"nDCG@10 {out['ndcg']:.3f} held out, {without['ndcg']:.3f} without, "
        f"{out['queries']} queries"
    )


def _rows(file: str | None) -> list[dict[str, Any]] | None:
    """The rows that statements of a file would be; nothing is stored."""
    if file is None:
        return None
    from dataq_gateway.errors import CommandFailed
    from dataq_gateway.home import existing_lake
    from dataq_lake.feedback.adding import read_statements, rows_of

    try:
        with Path(file).open(encoding="utf-8") as text:
            return rows_of(existing_lake(), read_statements(text, file))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file} cannot be read", where=str(error)) from None
