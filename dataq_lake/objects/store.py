"""Opens buckets, and tells the engines how to reach the same ones; settings come from outside."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from dataq_lake.errors import StoreRefuses
from dataq_lake.objects.refusals import asking, patience

if TYPE_CHECKING:
    from datetime import timedelta

    from obstore.store import ObjectStore

    from dataq_lake.objects.path import ObjectPath

REQUEST_SECONDS = 30.0
_SETTINGS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ALLOW_HTTP",
)
"""What a program may change while it runs; the client reads many more when it is opened."""
_BACKOFF_SECONDS = (0.1, 5.0)


def opened(base: str) -> ObjectStore:
    """The bucket at `base` (s3://bucket), with the credentials of the environment."""
    return _opened(base, tuple(map(os.environ.get, _SETTINGS)), patience())


@cache
def _opened(base: str, _: tuple[str | None, ...], seconds: float) -> ObjectStore:
    from dataq_lake.objects.path import ObjectPath

    with asking(ObjectPath(base, "")):
        return _store(base, seconds)


def _store(base: str, seconds: float) -> ObjectStore:
    from datetime import timedelta

    from obstore.store import from_url

    first, most = (timedelta(seconds=each) for each in _BACKOFF_SECONDS)
    options: Any = {
        "timeout": _span(min(REQUEST_SECONDS, max(1.0, seconds or REQUEST_SECONDS))),
        "connect_timeout": _span(5.0),
        "pool_idle_timeout": _span(30.0),
    }
    if _allow_http():
        options["allow_http"] = True
    retry: Any = {
        "max_retries": 1000 if seconds else 0,
        "retry_timeout": timedelta(seconds=seconds),
        "backoff": {"init_backoff": first, "max_backoff": most, "base": 2},
    }
    store: ObjectStore = from_url(base, client_options=options, retry_config=retry)
    return store


def expect_conditional_puts(place: ObjectPath) -> None:
    """Raises StoreRefuses if the store puts an object although there is one: writers would collide.

    Only asked before anything is in the lake.
    """
    probe = place / "locks" / "probe"
    probe.write_bytes(b"there")
    try:
        probe.create(b"twice")
    except FileExistsError:
        probe.unlink()
        return
    raise StoreRefuses(
        f"{place}: the store ignores conditional puts (If-None-Match), so two writers could "
        "overwrite each other's commits: use one that honours them, see docs/s3.md"
    )


def polars_options() -> dict[str, Any]:
    """What Polars needs beside the environment to reach the same bucket."""
    first, most = (int(each * 1000) for each in _BACKOFF_SECONDS)
    return {
        **_client_options(),
        "max_retries": 1000 if patience() else 0,
        "retry_timeout_ms": int(patience() * 1000),
        "retry_init_backoff_ms": first,
        "retry_max_backoff_ms": most,
    }


def _client_options() -> dict[str, str]:
    found = {"timeout": f"{REQUEST_SECONDS:g}s", "connect_timeout": "5s"}
    if _allow_http():
        found["allow_http"] = "true"
    return found


def options(place: ObjectPath) -> dict[str, str]:
    """What deltalake needs beside the environment to reach the same bucket."""
    seconds = patience()
    found = {
        **_client_options(),
        "max_retries": "1000" if seconds else "0",
        "retry_timeout": f"{seconds:g}s",
        "backoff_config.init_backoff": f"{_BACKOFF_SECONDS[0] * 1000:g}ms",
        "backoff_config.max_backoff": f"{_BACKOFF_SECONDS[1]:g}s",
    }
    if place.base.startswith("s3"):
        found["conditional_put"] = "etag"
    return found


def _allow_http() -> bool:
    return os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true", "yes", "on"}


def _span(seconds: float) -> timedelta:
    from datetime import timedelta

    return timedelta(seconds=seconds)
