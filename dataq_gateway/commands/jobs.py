"""`dataq jobs`: what is done again and again, and how far it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from dataq_gateway.options import json_option

if TYPE_CHECKING:
    from dataq_assets.runs.jobs import Jobs
    from dataq_resources.jobs.definition import JobDefinition
    from dataq_resources.jobs.task import Task


@click.group("jobs")
def command() -> None:
    """Register, start, stop and watch jobs."""


def _definition(action: Any) -> Any:
    """The options that say what a job does."""
    for option in reversed(
        [
            click.option("--source", multiple=True, help="A source to archive; repeatable."),
            click.option("--destination", multiple=True, help="A destination; repeatable."),
            click.option("--query", metavar="SQL", help="What the destinations get instead."),
            click.option("--key", metavar="COLUMN", help="What tells the query's rows apart."),
            click.option("--full", is_flag=True, help="Ask sources also for what they have sent."),
            click.option("--description", help="A note for people."),
        ]
    ):
        action = option(action)
    return action


@command.command("register")
@click.argument("name")
@_definition
@json_option("Print the job as one JSON object.")
def register(name: str, as_json: bool, **given: Any) -> None:
    """Register the job NAME: sources, then destinations."""
    _jobs().register(name, _declared(given))
    _tell_job(name, "registered", as_json)


@command.command("update")
@click.argument("name")
@_definition
@json_option("Print the job as one JSON object.")
def update(name: str, as_json: bool, **given: Any) -> None:
    """Give the job NAME another definition.

    The whole of it; the old version stays on record, and tasks at work go on by it.
    """
    _jobs().update(name, _declared(given))
    _tell_job(name, "updated", as_json)


@command.command("remove")
@click.argument("name")
@json_option()
def remove(name: str, as_json: bool) -> None:
    """Remove the job NAME; its record stays."""
    from dataq_gateway.output import echo_json

    _jobs().remove(name)
    if as_json:
        echo_json({"name": name, "removed": True})
    else:
        click.echo(f"removed: job {name}; its tasks stay on record")


@command.command("list")
@json_option("Print a JSON array of jobs.")
def list_jobs(as_json: bool) -> None:
    """List every job with its status."""
    from dataq_gateway.output import columns, echo_json

    found = _jobs().all()
    if as_json:
        echo_json(found)
        return
    header = ["name", "version", "status", "percent", "items", "rows", "task", "error"]
    rows = []
    for each in found:
        task = each["last_task"] or {}
        cells = [f"{task['percent']:.0f} %" if task else None]
        cells += [task.get(name) for name in ("items", "rows", "id", "error")]
        rows.append([each["name"], each["version"], each["status"], *cells])
    click.echo(columns(header, rows, right=("version", "percent", "items", "rows")))


@command.command("status")
@click.argument("name")
@json_option("Print the status as one JSON object.")
def status(name: str, as_json: bool) -> None:
    """Show the job NAME and its last task."""
    _tell_job(name, "", as_json)


@command.command("start")
@click.argument("name")
@click.option("--task", "task_id", default="", metavar="ID", help="The task's id. [default: new]")
@click.option("--wait", is_flag=True, help="Stay until it has ended; exit code 1 if it failed.")
@json_option("Print the task as one JSON object.")
def start(name: str, task_id: str, wait: bool, as_json: bool) -> None:
    """Start the job NAME as a task of its own.

    The task goes on when this command, or whoever started it, ends.
    """
    _tell_started(_jobs().start(name, task_id), wait, as_json)


@command.command("retrigger")
@click.argument("task")
@click.option("--wait", is_flag=True, help="Stay until it has ended; exit code 1 if it failed.")
@json_option("Print the new task as one JSON object.")
def retrigger(task: str, wait: bool, as_json: bool) -> None:
    """Do a TASK again, by the version it had."""
    _tell_started(_jobs().retrigger(task), wait, as_json)


@command.command("stop")
@click.argument("task")
@click.option(
    "--seconds",
    type=click.FloatRange(0),
    default=20,
    show_default=True,
    metavar="N",
    help="How long it may take to end by itself.",
)
@json_option("Print the task as one JSON object.")
def stop(task: str, seconds: float, as_json: bool) -> None:
    """Have a TASK end; what it has stored stays.

    It is asked to; where it does not end it is terminated, then killed.
    """
    _tell_task(_jobs().stop(task, seconds), as_json)


@command.command("tasks")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most.")
@json_option("Print a JSON array of tasks.")
def tasks(name: str | None, limit: int, as_json: bool) -> None:
    """List tasks, the newest first."""
    from dataq_gateway.output import columns, echo_json

    found = [each.told(time.time()) for each in _jobs().tasks(name, limit)]
    if as_json:
        echo_json(found)
        return
    header = ["id", "job", "source", "state", "percent", "stage", "items", "rows", "seconds"]
    rows = ([each[name] for name in header] for each in found)
    click.echo(columns(header, rows, right=header[6:]))


@command.command("task")
@click.argument("task")
@click.option("--log", "with_log", is_flag=True, help="With the lines of its log.")
@json_option("Print the task as one JSON object.")
def task(task: str, with_log: bool, as_json: bool) -> None:
    """Show how far a TASK is."""
    from dataq_gateway.output import echo_json

    jobs = _jobs()
    found = jobs.task(task)
    lines = jobs.log(task) if with_log else []
    if as_json:
        echo_json({**found.told(time.time()), **({"log": lines} if with_log else {})})
        return
    _tell_task(found, False)
    for each in lines:
        click.echo(f"{time.strftime('%H:%M:%S', time.localtime(each['at']))} {each['line']}")


@command.command("forecast")
@click.argument("name")
@click.option("--windows", type=click.IntRange(1), help="Only the last so many. [default: all]")
@json_option("Print the forecast as one JSON object.")
def forecast(name: str, windows: int | None, as_json: bool) -> None:
    """Say what doing all of NAME again would take.

    Items and bytes are those that its sources have sent so far, requests those of its
    destinations, minutes come from tasks that have ended.
    """
    from dataq_assets.runs.forecast import forecast as foretold
    from dataq_gateway.output import echo_json, size
    from dataq_resources.home import home_from_environment

    told = foretold(home_from_environment(), name, windows)
    if as_json:
        echo_json(told)
        return
    minutes = "unknown" if told["minutes"] is None else f"{told['minutes']:.1f}"
    click.echo(
        f"{name}: {told['items']:,} items, {size(told['bytes'])}, {told['requests']:,} requests, "
        f"minutes: {minutes}"
    )


def _jobs() -> Jobs:
    from dataq_assets.runs.jobs import Jobs
    from dataq_resources.home import home_from_environment

    return Jobs(home_from_environment())


def _declared(given: dict[str, Any]) -> JobDefinition:
    from pydantic import ValidationError

    from dataq_resources.jobs.definition import JobDefinition

    settings = {
        "sources": given["source"],
        "destinations": given["destination"],
        "query": given["query"],
        "key": given["key"],
        "full": given["full"],
        "description": given["description"] or "",
    }
    try:
        return JobDefinition.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise click.UsageError(first["msg"].removeprefix("Value error, ")) from None


def _tell_job(name: str, done: str, as_json: bool) -> None:
    from dataq_gateway.output import echo_json

    found = _jobs().status(name)
    if as_json:
        echo_json(found)
        return
    head = f"{done}: " if done else ""
    click.echo(f"{head}job {name}, version {found['version']}, {found['status']}")
    if found["last_task"] and not done:
        _tell_task(_jobs().task(found["last_task"]["id"]), False)


def _tell_started(task: Task, wait: bool, as_json: bool) -> None:
    ended = _jobs().wait(task.id) if wait else task
    _tell_task(ended, as_json)
    if wait and ended.state != "completed":
        click.get_current_context().exit(1)


def _tell_task(task: Task, as_json: bool) -> None:
    from dataq_gateway.output import echo_json, size

    told = task.told(time.time())
    if as_json:
        echo_json(told)
        return
    left = f", {told['seconds_left']:.0f} s left" if told["seconds_left"] else ""
    click.echo(
        f"task {task.id}: {task.state}, {task.percent:.0f} % {task.stage}, {task.items:,} items, "
        f"{size(task.bytes)}, {task.rows:,} rows delivered, {told['rate']:,.0f}/s{left}"
    )
    if task.error:
        click.echo(f"error: {task.error}")
