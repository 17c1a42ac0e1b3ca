"""The HTTP side: POST /hooks/NAME, extraction, and whether the server lives and is of use."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from dataq_gateway.extraction.routes import add_extraction
from dataq_gateway.extraction.service import Service
from dataq_gateway.hooks.group import Group
from dataq_gateway.hooks.reception import Reception
from dataq_gateway.hooks.starter import Starter

READY_SECONDS = 5
CLOSE = {"Connection": "close"}
"""Of a refusal: what was not read of its body must not be taken for the next request."""


def build(
    reception: Reception, group: Group, starter: Starter, extraction: Service | None = None
) -> FastAPI:
    """The application, with the routes of extraction if given; it describes itself to nobody."""
    app = FastAPI(title="DataQ hooks", openapi_url=None)

    @app.post("/hooks/{name}")
    async def deliver(name: str, request: Request) -> JSONResponse:
        status, content = await reception.answer(name, request)
        headers = dict(CLOSE) if status >= 400 else {}
        if status == 503:
            headers["Retry-After"] = "5"
        return JSONResponse(content, status, headers)

    @app.get("/health")
    async def health() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @app.get("/ready")
    async def ready() -> JSONResponse:
        missing = await _missing(group, starter)
        if extraction is not None:
            missing |= await run_in_threadpool(extraction.missing)
        reason = next(iter(missing.values()), None)
        told = {"ready": not missing, "reason": reason, "missing": missing}
        return JSONResponse(told, 503 if missing else 200)

    if extraction is not None:
        add_extraction(app, extraction)
    return app


async def _missing(group: Group, starter: Starter) -> dict[str, str]:
    """What a delivery could not be taken or started for now; nothing if it could."""
    if not starter.is_alive:
        return {"runs": "runs are not started"}
    try:
        async with asyncio.timeout(READY_SECONDS):
            await asyncio.wrap_future(group.submit(None))
    except Exception:  # noqa: BLE001 - whatever it is, nothing can be kept
        return {"deliveries": "deliveries cannot be kept"}
    return {}
