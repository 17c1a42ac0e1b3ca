"""POST /extract and the tasks it makes, for whoever has the token."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from dataq_gateway.extraction.asked import Asked
from dataq_gateway.extraction.service import Service
from dataq_gateway.extraction.told import STATES, cursor, listed, place, told, told_shortly
from dataq_gateway.hooks.body import Bodies, announced, read_body
from dataq_gateway.hooks.errors import Refused
from dataq_gateway.token import CHALLENGE, REFUSAL, is_let_in
from dataq_resources.errors import (
    DatabaseAway,
    FixSource,
    KeyReused,
    Overloaded,
    ResourceError,
    TaskEnded,
    UnknownSource,
    UnknownTask,
    UnknownWindow,
)
from dataq_resources.sources import chosen, read_sources

BODY_BYTES = 100_000
STATUSES: dict[type[ResourceError], int] = {
    UnknownSource: 404,
    UnknownTask: 404,
    TaskEnded: 409,
    UnknownWindow: 422,
    KeyReused: 422,
    Overloaded: 429,
    FixSource: 503,
    DatabaseAway: 503,
}
LATER = {429: "10", 503: "5"}
"""Seconds after which it is worth to ask again."""


def add_extraction(app: FastAPI, service: Service) -> None:
    """Gives an application the routes; what is wrong with a request is said as JSON."""
    app.include_router(_routes(service))

    @app.exception_handler(ResourceError)
    async def unable(_: Request, error: ResourceError) -> JSONResponse:
        return refusal(STATUSES.get(type(error), 400), str(error))

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return refusal(error.status, error.reason)

    @app.exception_handler(RequestValidationError)
    async def unknown(_: Request, error: RequestValidationError) -> JSONResponse:
        return refusal(422, _first(error.errors()))


def refusal(status: int, reason: str) -> JSONResponse:
    """An answer that says why not; the body may not have been read."""
    headers = {"Connection": "close"} if status != 401 else dict(CHALLENGE)
    if status in LATER:
        headers["Retry-After"] = LATER[status]
    return JSONResponse({"error": reason}, status, headers)


def _routes(service: Service) -> APIRouter:
    async def let_in(request: Request) -> None:
        if not is_let_in(request, service.token):
            raise Refused(401, REFUSAL)

    router = APIRouter(dependencies=[Depends(let_in)])
    jobs, bodies = service.jobs, Bodies()

    @router.post("/extract")
    async def extract(request: Request) -> JSONResponse:
        with bodies.holding(announced(request, BODY_BYTES)):
            body = await read_body(request, BODY_BYTES)
        return await run_in_threadpool(_extract, service, _asked(body, request))

    @router.get("/tasks")
    def tasks(
        status: str | None = None,
        source: str | None = None,
        after: Annotated[str | None, Query(alias="cursor", max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> dict[str, Any]:
        if status is not None and status not in STATES:
            raise Refused(422, f"no task is {status!r}: they are {', '.join(STATES)}")
        state = STATES[status] if status else None
        page = jobs.page(state, source, place(after), limit)
        return {"tasks": [listed(each) for each in page.tasks], "next": cursor(page.after)}

    @router.get("/tasks/{task_id}")
    def task(task_id: str) -> dict[str, Any]:
        return told(jobs.task(task_id))

    @router.post("/tasks/{task_id}/cancel", status_code=202)
    @router.delete("/tasks/{task_id}", status_code=202)
    def cancel(task_id: str) -> dict[str, Any]:
        return told(jobs.cancel(task_id))

    return router


def _asked(body: bytes, request: Request) -> Asked:
    """What a body says; raises Refused (400, 422)."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None
    try:
        asked = Asked.model_validate(given)
    except ValidationError as error:
        raise Refused(422, _first(error.errors(include_url=False))) from None
    key = request.headers.get("idempotency-key")
    if key is None:
        return asked
    if not 0 < len(key) <= 255 or asked.idempotency_key not in (None, key):
        raise Refused(422, "Idempotency-Key: give one key, of 1 to 255 characters")
    return asked.model_copy(update={"idempotency_key": key})


def _extract(service: Service, asked: Asked) -> JSONResponse:
    (source,) = chosen(read_sources(service.jobs.home), [asked.source])
    made = service.jobs.extract(asked.extraction(source), asked.priority, asked.idempotency_key)
    service.dispatcher.wake()
    headers = {"Location": f"/tasks/{made.task.id}"}
    if not made.is_new:
        headers["Idempotency-Replayed"] = "true"
    return JSONResponse(told_shortly(made.task), 202, headers)


def _first(errors: Any) -> str:
    """The first thing that is wrong, with its place."""
    found = errors[0]
    where = ".".join(str(each) for each in found["loc"] if each not in ("query", "path", "body"))
    reason = str(found["msg"]).removeprefix("Value error, ")
    return f"{where}: {reason}" if where else reason
