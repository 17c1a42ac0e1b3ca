"""Homes of DataQ for a bench: one source of one folder, made as a person would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.command import DATAQ, Done, run
from dataq_resources.sources import SourceConfig, write_source
from dataq_resources.triggers import ClockSetting


def make_home(home: Path, tree: Path, name: str = "tree") -> Path:
    """A fresh home whose one source archives a folder."""
    config = f"root={tree}"
    run(
        [*DATAQ, "sources", "add", name, "--plugin", "file_scanner", "--config", config],
        env=_environment(home),
    )
    return home


def declare_sources(home: Path, tree: Path, count: int) -> None:
    """So many sources of one folder, each with a schedule, in a home; no plugin is asked."""
    for number in range(count):
        source = SourceConfig(
            name=f"source_{number:02}",
            plugin="file_scanner",
            config={"root": str(tree)},
            schedules=(ClockSetting(cron="0 6 * * *"),),
        )
        write_source(home, source)


def dataq_run(home: Path, **options: Any) -> Done:
    """`dataq run`, to its end."""
    return run([*DATAQ, "run", "--json"], env=_environment(home), **options)


def count(home: Path, table: str) -> int:
    """How many rows a table has."""
    query = f'select count(*) as n from "{table}"'
    done = run([*DATAQ, "sql", query, "--json"], env=_environment(home))
    return int(json.loads(done.out)[0]["n"])


def _environment(home: Path) -> dict[str, str]:
    return {"DATAQ_HOME": str(home)}
