"""Reads the body of a request within bounds, before anybody knows who sent it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

from dataq_gateway.hooks.errors import Refused

BODY_SECONDS = 30
MOST_HELD = 256 << 20
"""Bytes of all bodies that are in memory at a time."""


class Bodies:
    """Counts what is held for all requests together."""

    def __init__(self) -> None:
        self._held = 0

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Keeps room for a body of up to `size` bytes; raises Refused (503) if there is none."""
        if self._held + size > MOST_HELD:
            raise Refused(503, "too much is being delivered: send it again later")
        self._held += size
        try:
            yield
        finally:
            self._held -= size


def announced(request: Request, most: int) -> int:
    """How many bytes a body may turn out to have; raises Refused (400, 413)."""
    length = request.headers.get("content-length")
    if length is None:
        return most
    if not (length.isascii() and length.isdigit()):
        raise Refused(400, "content-length is not a number")
    if len(length) > 18 or int(length) > most:
        raise Refused(413, f"the body is over {most} bytes")
    return int(length)


async def read_body(request: Request, most: int) -> bytes:
    """The whole body; raises Refused for one that is too big, too slow or torn (413, 408, 400)."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise Refused(413, f"the body is over {most} bytes")
                parts.append(part)
    except TimeoutError:
        raise Refused(408, f"the body did not come within {BODY_SECONDS} seconds") from None
    except ClientDisconnect:
        raise Refused(400, "the body ended early") from None
    return b"".join(parts)
