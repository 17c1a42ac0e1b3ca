"""Jobs as Dagster's pages show them: job_<name>, which starts a task and follows it to its end."""

import dagster as dg

from dataq_resources.errors import DatabaseAway
from dataq_resources.home import Home
from dataq_resources.jobs.database import postgres_of_jobs
from dataq_resources.jobs.store import Job, JobStore
from dataq_resources.lake import HomeResource


def job_definitions(home: Home) -> list[dg.JobDefinition]:
    """One for each job of a home."""
    if postgres_of_jobs() is None and not (home.path / "jobs" / "jobs.sqlite").exists():
        return []
    try:
        with JobStore(home) as store:
            return [_job(job) for job in store.jobs()]
    except DatabaseAway:
        return []  # the assets are worth having without


def _job(job: Job) -> dg.JobDefinition:
    @dg.op(name=f"task_of_{job.name}", description="Starts a task of the job, and follows it.")
    def task(context: dg.OpExecutionContext, home: HomeResource) -> None:
        from dataq_assets.runs.jobs import Jobs

        jobs = Jobs(home.home)
        started = jobs.start(job.name, context.run_id)
        try:
            ended = jobs.wait(started.id)
        except BaseException:
            jobs.stop(started.id)
            raise
        for line in jobs.log(started.id):
            getattr(context.log, line["level"])(line["line"])
        if ended.state != "completed":
            raise dg.Failure(f"{ended.state}: {ended.error}")

    given = job.definition
    what = " → ".join(", ".join(names) for names in (given.sources, given.destinations) if names)
    return dg.GraphDefinition(
        name=f"job_{job.name}",
        node_defs=[task],
        description=given.description or what,
        tags={"dataq/job": job.name, "dataq/job_version": str(job.version)},
    ).to_job()
