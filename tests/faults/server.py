"""Runs `dataq` many times in processes forked from one that has imported everything: `-m` this.

Each line on standard input is a JSON list of orders, which run at the same time; the answer is a
line with a report for each. Orphans of a killed run come to this process, which counts them.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from tests.faults.meeting import TAKING, Meeting
from tests.faults.points import WRAPPED, Point, Watch

PR_SET_CHILD_SUBREAPER = 36
GRACE_SECONDS = 60.0
LOADED = (
    "dagster", "dagster._core.storage.runs", "dagster._core.storage.schedules",
    "dataq_assets.definitions", "dataq_assets.runs.launch", "dataq_assets.runs.checking",
    "dataq_assets.runs.dead", "dataq_assets.plans", "dataq_assets.stages.assets",
    "dataq_assets.stages.embeddings", "dataq_assets.stages.gate", "dataq_assets.stages.indexes",
    "dataq_assets.stages.segments", "dataq_assets.stages.texts", "dataq_gateway.cli",
    "dataq_gateway.commands.run", "dataq_gateway.outcomes", "dataq_gateway.output",
    "dataq_lake.indexes.publish", "dataq_lake.inserting", "dataq_lake.writing", "deltalake",
    "faiss", "fsspec", "jsonschema", "polars", "pyarrow.parquet", "tantivy", "upath",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """One command of one home, none to prepare it; `moments` is where its moments are logged."""

    home: str
    words: list[str]
    moments: str
    kill: dict[str, Any] | None = None
    meeting: dict[str, Any] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    """What else is in its environment."""


@dataclass
class Report:
    """How it ended (negative: by that signal), what it printed, and who it left running."""

    code: int
    out: str
    left: list[str]


def main() -> None:
    """Serve until standard input ends."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for name in (*LOADED, *TAKING, *(module for module, _, _ in WRAPPED)):
        import_module(name)
    for line in sys.stdin:
        orders = [Order(**each) for each in json.loads(line)]
        print(json.dumps([asdict(each) for each in serve(orders)]), flush=True)


def serve(orders: list[Order]) -> list[Report]:
    """The reports of orders that run side by side."""
    children = [start(order) for order in orders]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    left = leftovers()
    texts = [Path(f"{order.moments}.out").read_text() for order in orders]
    return [Report(code, text, left) for code, text in zip(codes, texts, strict=True)]


def start(order: Order) -> int:
    """The process id of a command that was begun."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        code = obey(order)
    except BaseException as error:  # noqa: BLE001
        print(f"unexpected {error!r}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def obey(order: Order) -> int:
    """The exit code of the command; with the points wrapped."""
    os.setsid()
    out = os.open(f"{order.moments}.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(out, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update({**order.settings, "DATAQ_HOME": order.home})
    os.sched_getaffinity = lambda _: {0}  # one worker, because each costs its start
    Watch(Path(order.moments), Point(**order.kill) if order.kill else None).install()
    if order.meeting:
        Meeting(**order.meeting).install()
    if not order.words:
        return prepare(order.home)
    if order.words == ["sensor"]:
        return as_a_sensor(order.home)
    from dataq_gateway.cli import run

    return run(order.words)


def prepare(home: str) -> int:
    """Make a home's database of runs, which costs a second, so that copies of it have it."""
    from dataq_assets.runs.launch import open_instance
    from dataq_resources.home import Home

    open_instance(Home(Path(home))).dispose()
    return 0


def as_a_sensor(home: str) -> int:
    """Run all assets as Dagster's own daemon would: one run for raw, one for what follows."""
    import dagster as dg

    from dataq_assets.definitions import build
    from dataq_assets.runs.launch import launch, open_instance
    from dataq_resources.home import Home

    definitions = build(Home(Path(home)))
    raw = [dg.AssetKey("raw_s")]
    keys = definitions.resolve_asset_graph().materializable_asset_keys
    window = {f"dagster/asset_partition_range_{end}": "2026-05" for end in ("start", "end")}
    with open_instance(Home(Path(home))) as instance:
        done = launch(instance, definitions, raw, tags=window)
        done.add(launch(instance, definitions, keys - set(raw)))
    sys.stdout.write("\n".join(each.reason for each in done.failures))
    return 0 if done.ok else 1


def leftovers() -> list[str]:
    """Command lines of what still runs when all had time to end; they are ended here."""
    deadline = time.monotonic() + GRACE_SECONDS
    me = psutil.Process()
    while (alive := reaped(me)) and time.monotonic() < deadline:
        time.sleep(0.01)
    left = []
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            left.append(" ".join(process.cmdline()))
            process.kill()
    return left


def reaped(me: psutil.Process) -> list[psutil.Process]:
    """What is below this process and runs; what has ended is forgotten."""
    alive = []
    for process in me.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ends while it is looked at
            if process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
            elif process.ppid() == me.pid:
                os.waitpid(process.pid, 0)
    return alive


if __name__ == "__main__":
    main()
