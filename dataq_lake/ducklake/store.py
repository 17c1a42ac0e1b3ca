"""Lets a DuckDB of our own read and write an object store, by the usual AWS_* variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dataq_lake.errors import FixTheCall
from dataq_lake.extensions import load

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

    What it is given stays in memory.
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


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
