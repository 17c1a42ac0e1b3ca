"""Lets a DuckDB of our own read and write an object store, by the usual AWS_* variables."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_lake.errors import FixTheCall, LakeError
from dataq_lake.extensions import load
from dataq_lake.location import Location
from dataq_lake.objects.refusals import patience, refusal

if TYPE_CHECKING:
    import duckdb

GIVEN = {
    "AWS_ACCESS_KEY_ID": "key_id",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "session_token",
    "AWS_REGION": "region",
}


def reach(
    connection: duckdb.DuckDBPyConnection, place: str, settings: Mapping[str, str] = os.environ
) -> None:
    """Gives `connection` the way to `place`, an address like s3://bucket; raises FixTheCall.

    What it is given stays in memory. A store that does not answer is asked again for about as long
    as `patience` says: after 0.1 s, 0.2 s, 0.4 s and so on.
    """
    if not place.startswith("s3://"):
        raise FixTheCall(f"DuckLake keeps its files in a folder or in s3://bucket, not in {place}")
    load(connection, "httpfs")
    options = {name: settings[key] for key, name in GIVEN.items() if settings.get(key)}
    endpoint = settings.get("AWS_ENDPOINT_URL", "")
    if endpoint:
        kind, _, host = endpoint.rpartition("://")
        options |= {"endpoint": host.rstrip("/"), "url_style": "path"}
        options["use_ssl"] = "false" if kind == "http" else "true"
    listed = "".join(f", {name} {_quoted(value)}" for name, value in options.items())
    connection.execute(f"create or replace temporary secret store (type s3{listed})")
    retries = 1 + int(math.log2(10 * patience() + 1))
    connection.execute(
        f"set global http_retries = {retries}; set global http_retry_wait_ms = 100; "
        "set global http_retry_backoff = 2"
    )


def store_refusal(root: Location, error: Exception) -> LakeError | None:
    """What to say of DuckDB's `error` if the store of the lake at `root` is behind it."""
    return None if isinstance(root, Path) else refusal(root, error)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
