"""What a plugin says of itself."""

from __future__ import annotations

import json
import re
from typing import Any

from dataq_plugins.conformance.session import Failed, Session, expect
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

ID = re.compile(r"[a-z][a-z0-9_]{0,40}")
REQUIRED = {"describe", "configure"}
KNOWN = REQUIRED | {"check", "discover", "extract", "watch", "cancel", "deliver"}
TIME_BASES = {"modified", "event", "created", "observed"}
COMPOSED = {"anyOf", "oneOf", "allOf", "enum", "const", "$ref"}
TYPES = {"string", "integer", "number", "boolean", "array", "object"}


def described(session: Session) -> pb.Plugin:
    """Return the plugin's description."""
    return session.ask("describe").expect_success().description


def schema(session: Session) -> dict[str, Any]:
    """Return the JSON Schema of its settings; raises Failed where there is none."""
    try:
        found = json.loads(described(session).config_schema)
    except ValueError as error:
        raise Failed(f"its config_schema is no JSON: {error}") from None
    expect(isinstance(found, dict) and found.get("type") == "object", "its schema is of no object")
    return dict(found)


def properties(session: Session) -> dict[str, dict[str, Any]]:
    """Return the schema of each setting by its name."""
    found: dict[str, dict[str, Any]] = schema(session).get("properties", {})
    return found


def check_describe(session: Session) -> None:
    """It describes itself without any settings: id, version, time basis or how it takes rows."""
    told = described(session)
    expect(ID.fullmatch(told.id), f"its id {told.id!r} does not match {ID.pattern}")
    expect(told.version, "it names no version")
    if "deliver" in told.capabilities:
        expect(told.rows in ("", "json", "arrow"), f"rows is {told.rows!r}, not json or arrow")
        return
    expect(
        told.time_basis in TIME_BASES,
        f"time_basis is {told.time_basis!r}, not one of {', '.join(sorted(TIME_BASES))}",
    )


def check_capabilities(session: Session) -> None:
    """It lists what it answers: describe, configure, and extract or deliver among them."""
    offered = set(described(session).capabilities)
    missing, unknown = REQUIRED - offered, offered - KNOWN
    expect(not missing, f"it does not offer {', '.join(sorted(missing))}")
    expect({"extract", "deliver"} & offered, "it offers neither extract nor deliver")
    expect(not unknown, f"nobody knows the operation {', '.join(sorted(unknown))}")


def check_schema(session: Session) -> None:
    """Its settings have a JSON Schema: an object, each property with a type."""
    known = properties(session)
    for name, one in known.items():
        typed = one.get("type") in TYPES or COMPOSED & set(one)
        expect(typed, f"setting {name!r} has no type")
    for name in schema(session).get("required", []):
        expect(name in known, f"required setting {name!r} has no schema")
    for name in session.config:
        expect(name in known, f"the setting {name!r} in use has no schema")
