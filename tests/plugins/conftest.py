"""Plugins as real processes, none of which may be left when a test ends."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dataq_plugins.host import Limits, PluginSpec

DOUBLES = Path(__file__).with_name("doubles")
MARK = "DATAQ_TEST_RUN"

Spec = Callable[..., PluginSpec]


def marked(mark: str) -> dict[int, str]:
    """Return the processes, other than this one, that inherited a mark, with their commands."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            environment = Path("/proc", name, "environ").read_bytes().split(b"\0")
            command = Path("/proc", name, "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in environment and int(name) != os.getpid():
            found[int(name)] = command
    return found


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A mark that every process started by this test inherits; fails if one is left behind."""
    value = uuid.uuid4().hex
    monkeypatch.setenv(MARK, value)
    yield value
    assert marked(value) == {}


@pytest.fixture
def double() -> Spec:
    """Return the spec of a double by its file name, with settings and limits by keyword."""

    def spec(name: str, limits: Limits | None = None, **config: Any) -> PluginSpec:
        command = ("perl",) if name.endswith(".pl") else (sys.executable,)
        return PluginSpec(
            source="orchard",
            argv=(*command, str(DOUBLES / name)),
            config={key: str(value) for key, value in config.items()},
            protocol="plain" if name == "plain.py" else "v1",
            limits=limits or Limits(silence_seconds=20),
            environment=(MARK,),
        )

    return spec
