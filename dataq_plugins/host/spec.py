"""What the host is told about one source: its command, its settings and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

Protocol = Literal["v1", "plain"]
Granularity = Literal["hourly", "daily", "monthly", "yearly"]


@dataclass(frozen=True)
class Limits:
    """The bounds of one plugin process; bytes and seconds."""

    frame_bytes: int = 64 * MIB
    """One message; checked before anything is allocated for it."""
    run_seconds: float = 24 * 3600
    """One operation, with the time that the user of its items takes."""
    silence_seconds: float = 60
    """Waiting for one message; standard error does not count as life."""
    memory_bytes: int = 2 * GIB
    """Resident memory of the plugin and all its descendants, sampled; 0 for no bound."""
    stderr_bytes: int = 64 * MIB
    """Log text of one process."""
    chunk_bytes: int = 10 * MIB
    """Content over this travels in chunks of at most this."""
    item_bytes: int = 1024 * GIB
    """Content of one item."""
    grace_seconds: float = 2
    """From a request to end until the process is killed."""


@dataclass(frozen=True)
class PluginSpec:
    """One source: `argv` is never given to a shell; `config` may refer to secrets (`env:NAME`)."""

    source: str
    argv: tuple[str, ...]
    config: Mapping[str, str] = field(default_factory=dict)
    protocol: Protocol = "v1"
    limits: Limits = Limits()
    environment: tuple[str, ...] = ()
    """Names of variables that the plugin gets besides the usual few."""
    kind: Literal["source", "destination"] = "source"
    """What errors call it."""


@dataclass(frozen=True, order=True)
class Window:
    """Unix seconds, UTC: `start` included, `end` excluded; `items` as the plugin expects them."""

    start: int
    end: int
    items: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Discovery:
    """The windows that changed since a state; `complete` says that nothing else did."""

    windows: list[Window]
    complete: bool


@dataclass(frozen=True)
class Description:
    """What a plugin says of itself; `config_schema` is a JSON Schema of its settings."""

    id: str
    name: str
    description: str
    version: str
    config_schema: dict[str, object]
    time_basis: str
    capabilities: frozenset[str]
    rows: str = "json"
    """How a destination takes rows: "json" or "arrow"."""
