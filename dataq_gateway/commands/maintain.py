"""`dataq maintain`: what the schedules do, by hand and without a daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dataq_gateway.options import json_option

if TYPE_CHECKING:
    from dataq_lake.maintenance.task import Report

TASKS = ("compaction", "merge-indexes", "retire-snapshots", "vacuum")


@click.command("maintain")
@click.argument("names", metavar="[TASK]...", nargs=-1, type=click.Choice(TASKS))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Of work, for each task.")
@click.option("--bytes", "size", metavar="SIZE", help="To merge or to free at most: 500MB, 20GB.")
@json_option("Print what was done as one JSON object.")
def command(
    names: tuple[str, ...], dry_run: bool, seconds: float | None, size: str | None, as_json: bool
) -> None:
    """Keep the lake small and quick, by all TASKs or those named.

    compaction merges small files, merge-indexes small parts of the search index, retire-snapshots
    forgets what nobody keeps, vacuum removes what nothing can read. Each ends at its bounds and
    goes on there next time.
    """
    from dataq_gateway.home import existing_lake
    from dataq_gateway.output import echo_json
    from dataq_lake.maintenance.bounds import Bounds
    from dataq_lake.maintenance.settings import maintenance_settings, parse_size
    from dataq_lake.maintenance.task import Job, task
    from dataq_resources.home import home_from_environment
    from dataq_resources.locks import locked

    lake, settings = existing_lake(), maintenance_settings()
    most = settings.bytes if size is None else parse_size(size)
    reports = []
    for name in names or TASKS:
        with locked(home_from_environment().locks, f"maintenance_{name}", wait=False):
            job = Job(Bounds(seconds or settings.seconds, most), settings.keeping, dry_run)
            reports.append(task(name).run(lake, job))
        if not as_json:
            click.echo("\n".join(lines(reports[-1])))
    if as_json:
        echo_json({"tasks": [each.as_dict() for each in reports]})


def lines(report: Report) -> list[str]:
    """A report in words, the first line that of the task."""
    from dataq_gateway.output import size

    done = ", ".join(
        f"{size(number)} {what.removeprefix('bytes ')}" if "bytes" in what else f"{number:,} {what}"
        for what, number in report.done.items()
    )
    change = (
        f"{report.before.files:,} files, {size(report.before.bytes)} to "
        f"{report.after.files:,} files, {size(report.after.bytes)}"
    )
    verb = "would do: " if report.dry_run else ""
    told = [f"{report.task}: {verb}{done or 'nothing to do'} ({change}; {report.seconds:.1f} s)"]
    if not report.complete:
        told.append("  ended at its bounds: run it again for the rest")
    return [*told, *(f"  {note}" for note in report.notes)]
