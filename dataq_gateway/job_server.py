"""Jobs and tasks over HTTP, for whoever has the token."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from dataq_assets.runs.jobs import Jobs
from dataq_gateway.listening import listening
from dataq_gateway.token import CHALLENGE, REFUSAL, is_let_in, token_of_setting
from dataq_resources.errors import (
    Busy,
    DatabaseAway,
    FixDestination,
    JobExists,
    ResourceError,
    UnknownDestination,
    UnknownJob,
    UnknownSource,
    UnknownTask,
)
from dataq_resources.home import Home
from dataq_resources.jobs.definition import JobDefinition

BODY_BYTES = 1_000_000
STATUSES: dict[type[ResourceError], int] = {
    UnknownJob: 404,
    UnknownTask: 404,
    UnknownSource: 422,
    UnknownDestination: 422,
    FixDestination: 422,
    JobExists: 409,
    Busy: 409,
    DatabaseAway: 503,
}


class NewJob(BaseModel):
    """A job to register."""

    model_config = ConfigDict(extra="forbid")

    name: str
    definition: JobDefinition


def build(jobs: Jobs, token: str) -> FastAPI:
    """The application; only /health answers without the token."""
    app = FastAPI(title="DataQ jobs", openapi_url=None)

    @app.middleware("http")
    async def guard(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if request.url.path != "/health" and not is_let_in(request, token):
            return JSONResponse({"error": REFUSAL}, 401, CHALLENGE)
        size = request.headers.get("content-length", "0")
        if "transfer-encoding" in request.headers or not size.isdecimal():
            return JSONResponse({"error": "say how long the body is"}, 411)
        if int(size) > BODY_BYTES:
            return JSONResponse({"error": "the body is too long"}, 413, {"Connection": "close"})
        return await call_next(request)

    @app.exception_handler(ResourceError)
    async def refused(_: Request, error: ResourceError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, STATUSES.get(type(error), 400))

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    _add_jobs(app, jobs)
    _add_tasks(app, jobs)
    return app


def _add_jobs(app: FastAPI, jobs: Jobs) -> None:
    @app.get("/jobs")
    def every() -> list[dict[str, Any]]:
        return jobs.all()

    @app.post("/jobs", status_code=201)
    def register(new: NewJob) -> dict[str, Any]:
        jobs.register(new.name, new.definition)
        return jobs.status(new.name)

    @app.get("/jobs/{name}")
    def status(name: str) -> dict[str, Any]:
        return jobs.status(name)

    @app.put("/jobs/{name}")
    def update(name: str, definition: JobDefinition) -> dict[str, Any]:
        jobs.update(name, definition)
        return jobs.status(name)

    @app.delete("/jobs/{name}", status_code=204)
    def remove(name: str) -> None:
        jobs.remove(name)

    @app.post("/jobs/{name}/start", status_code=202)
    def start(name: str) -> dict[str, Any]:
        return jobs.start(name).told(time.time())

    @app.get("/jobs/{name}/forecast")
    def forecast(name: str, windows: int | None = None) -> dict[str, Any]:
        from dataq_assets.runs.forecast import forecast as foretold

        return foretold(jobs.home, name, windows)


def _add_tasks(app: FastAPI, jobs: Jobs) -> None:
    @app.get("/tasks")
    def tasks(job: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        now = time.time()
        return [each.told(now) for each in jobs.tasks(job, max(1, min(limit, 1_000)))]

    @app.get("/tasks/{task_id}")
    def task(task_id: str) -> dict[str, Any]:
        return jobs.task(task_id).told(time.time())

    @app.get("/tasks/{task_id}/log")
    def log(task_id: str) -> list[dict[str, Any]]:
        return jobs.log(task_id)

    @app.post("/tasks/{task_id}/stop", status_code=202)
    def stop(task_id: str) -> dict[str, Any]:
        return jobs.stop(task_id).told(time.time())

    @app.post("/tasks/{task_id}/retrigger", status_code=202)
    def retrigger(task_id: str) -> dict[str, Any]:
        return jobs.retrigger(task_id).told(time.time())


def serve(home: Home, host: str, port: int, say: Callable[[str], None]) -> None:
    """Answer until a signal ends it; raises CommandFailed."""
    import uvicorn

    token = token_of_setting()
    with listening(host, port) as open_port:
        say(f"listening on {host}, port {open_port.getsockname()[1]}")
        app = build(Jobs(home), token)
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[open_port])
