"""What is done with one POST: bounded, verified, understood, kept; in this order."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from fastapi import Request
from structlog.typing import FilteringBoundLogger

from dataq_gateway.hooks.body import Bodies, announced, read_body
from dataq_gateway.hooks.delivery import Delivery
from dataq_gateway.hooks.errors import FixHook, Refused
from dataq_gateway.hooks.group import Group
from dataq_gateway.hooks.hook import Hook, hook_names, hooks_folder, read_hook
from dataq_gateway.hooks.secrets import live_secrets
from dataq_gateway.hooks.signatures import verified_id
from dataq_resources.home import Home
from dataq_resources.sources import NAME

EVENT_HEADERS = {"github": "x-github-event", "gitlab": "x-gitlab-event"}
UNUSABLE = "this hook cannot be used now: its owner finds the reason in the server's log"
Answer = tuple[int, dict[str, Any]]


class Reception:
    """Answers deliveries to the hooks of a home; their files may change at any time."""

    def __init__(self, home: Home, group: Group, log: FilteringBoundLogger) -> None:
        self._home = home
        self._group = group
        self._log = log
        self._bodies = Bodies()
        self._read: dict[str, tuple[tuple[int, int, int], Hook]] = {}

    def usable(self) -> list[str]:
        """The names of the hooks that take deliveries now; why others do not is logged."""
        names = []
        for name in hook_names(self._home):
            try:
                live_secrets(self._path(name), self._hook(name))
                names.append(name)
            except FixHook as broken:
                self._log.error("hook_unusable", hook=name, reason=str(broken))
        return names

    async def answer(self, name: str, request: Request) -> Answer:
        """Status and content of the answer, the same content also logged."""
        begun = time.monotonic()
        try:
            status, content = await self._receive(name, request)
        except Refused as refused:
            status, content = refused.status, {"error": refused.reason}
        except FixHook as broken:
            self._log.error("hook_unusable", hook=name, reason=str(broken))
            status, content = 503, {"error": UNUSABLE}
        except Exception as error:  # noqa: BLE001 - a full disk for one; the sender keeps it
            self._log.error(
                "delivery_not_kept", hook=name, reason=f"{type(error).__name__}: {error}"
            )
            status, content = 503, {"error": "the delivery could not be kept: send it again later"}
        seconds = round(time.monotonic() - begun, 4)
        self._log.info("delivery", hook=name[:41], status=status, seconds=seconds, **content)
        return status, content

    async def _receive(self, name: str, request: Request) -> Answer:
        hook = self._hook(name)
        with self._bodies.holding(announced(request, hook.max_bytes)):
            body = await read_body(request, hook.max_bytes)
            secrets = live_secrets(self._path(name), hook)
            delivery_id = verified_id(
                hook.signature,
                request.headers,
                body,
                secrets,
                time.time(),
                hook.tolerance_seconds,
            )
            event = _event(hook, request, _parsed(body))
            greeting = hook.signature == "github" and event == "ping"
            if greeting or (hook.events and event not in hook.events):
                return 200, {"state": "ignored", "delivery_id": delivery_id}
            refuse = hook.while_running == "refuse"
            return await self._keep(Delivery(name, delivery_id, body, hook.sources, refuse))

    async def _keep(self, delivery: Delivery) -> Answer:
        verdict = await asyncio.wrap_future(self._group.submit(delivery))
        assert verdict is not None  # noqa: S101 - for mypy: a delivery was given
        content = {"run_id": verdict.run_id, "delivery_id": delivery.id}
        if verdict.kind == "refused":
            return 409, {"error": "a run of this hook is not over yet", **content}
        return 202, {"state": verdict.kind, **content}

    def _hook(self, name: str) -> Hook:
        """The hook as its file says now; raises Refused (404), FixHook."""
        path = self._path(name) if NAME.fullmatch(name) else None
        try:
            facts = path.stat() if path else None
        except OSError:
            facts = None
        if path is None or facts is None:
            raise Refused(404, "there is no such hook")
        print_ = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        known = self._read.get(name)
        if known is None or known[0] != print_:
            known = self._read[name] = (print_, read_hook(self._home, path))
        return known[1]

    def _path(self, name: str) -> Path:
        return hooks_folder(self._home) / f"{name}.yaml"


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None


def _event(hook: Hook, request: Request, payload: Any) -> str:
    """What the sender says has happened: in a header, or as `type` of the payload."""
    if header := EVENT_HEADERS.get(hook.signature):
        return str(request.headers.get(header, ""))
    return str(payload.get("type", "")) if isinstance(payload, dict) else ""
