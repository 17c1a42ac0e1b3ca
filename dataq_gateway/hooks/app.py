"""The HTTP side: POST /hooks/NAME, and whether the server lives and is of use."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from dataq_gateway.hooks.group import Group
from dataq_gateway.hooks.reception import Reception
from dataq_gateway.hooks.starter import Starter

READY_SECONDS = 5
CLOSE = {"Connection": "close"}
"""Of a refusal: what was not read of its body must not be taken for the next request."""


def build(reception: Reception, group: Group, starter: Starter) -> FastAPI:
    """The application; it describes itself to nobody."""
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
        reason = await _missing(group, starter)
        return JSONResponse({"ready": not reason, "reason": reason}, 503 if reason else 200)

    return app


async def _missing(group: Group, starter: Starter) -> str | None:
    """Why a delivery could not be taken or started now; None if it could."""
    if not starter.is_alive:
        return "runs are not started"
    try:
        async with asyncio.timeout(READY_SECONDS):
            await asyncio.wrap_future(group.submit(None))
    except Exception:  # noqa: BLE001 - whatever it is, nothing can be kept
        return "deliveries cannot be kept"
    return None
