"""A source that fails for a while is tried again within its run, in growing distances."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dataq_assets.definitions import build
from dataq_assets.retrying import IMPATIENT, failure_of
from dataq_assets.runs.launch import open_instance
from dataq_lake.lake import open_lake
from dataq_plugins.errors import (
    ConfigError,
    LimitExceeded,
    OperationFailed,
    PluginCancelled,
    PluginCrashed,
    PluginError,
    PluginSilent,
    ProtocolViolated,
    SourceUnreachable,
)
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, read_source, write_source
from dataq_resources.triggers import RetrySetting

# Its source is away until it has been asked as often as the file `away` has bytes.
FALTERING = """\
from pathlib import Path
from dataq_plugins.errors import SourceUnreachable
from dataq_plugins.sdk import Plugin, Settings, serve

class Config(Settings):
    away: str
    '''A file.'''

class Faltering(Plugin[Config]):
    id = "faltering"
    name = "Faltering"
    description = "Fails as often as a file says."
    version = "1"

    def extract(self, config, request, out):
        away = Path(config.away)
        out.item("first.txt", b"A heron.\\n", time=0)
        out.state(b"1")
        if left := away.read_bytes():
            away.write_bytes(left[1:])
            raise SourceUnreachable("the orchard does not answer")
        out.item("second.txt", b"A spider.\\n", time=0)

serve(Faltering)
"""
SECONDS = 0.2


@pytest.fixture
def place(home: Path) -> Home:
    made = Home(home)
    made.prepare()
    return made


@pytest.fixture
def instance(place: Home) -> Iterator[dg.DagsterInstance]:
    with open_instance(place) as made:
        yield made
