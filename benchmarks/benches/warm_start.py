"""From a webhook, and from Dagster's queue, to the first byte of the plugin: runs are forked."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.command import BenchFailed
from benchmarks.command import run as command
from benchmarks.homes import dataq_run
from benchmarks.measure import Bar, Measure, median
from benchmarks.setting import DRIVERS, Setting
from benchmarks.trees import files
from benchmarks.webhooks import post, serving, wait_until_idle

STARTS, PAIRS = 20, 10
BAR = Bar(500, "most")


def run(setting: Setting) -> list[Measure]:
    """Return the 95th percentile of both, with Dagster's own launcher beside."""
    starts, pairs = setting.scaled(STARTS, 3), setting.scaled(PAIRS, 2)
    with setting.folder("warm-start") as folder:
        files(folder / "tree", 20)
        log = folder / "first"
        home = _home(folder / "home", folder / "tree", log)
        dataq_run(home)
        launched = _launched(home, pairs, log)
        hooked = _hooked(home, starts, log, folder / "server.log")
    own = f"median {1000 * median(launched['default']):.0f} ms"
    return [
        _figure(
            "webhook sent → first plugin byte, warm, p95",
            hooked,
            own,
            BAR,
            "From before the first byte sent to the plugin's first byte written, one delivery at "
            "a time; the reference is Dagster's default launcher, from its order to the same.",
        ),
        _figure(
            "run launched → first plugin byte, warm, p95",
            launched["warm"],
            own,
            None,
            "Without the queue, which looks every few seconds. Both launchers in turn, with the "
            "same code server.",
        ),
    ]


def _figure(name: str, seconds: list[float], reference: str, bar: Bar | None, note: str) -> Measure:
    ordered = [each * 1000 for each in sorted(seconds)]
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    ours = f"median {median(ordered):.0f} ms, most {ordered[-1]:.0f} ms"
    return Measure(name, p95, "ms", bar, ours, reference, tuple(ordered), note)


def _home(home: Path, tree: Path, log: Path) -> Path:
    attributes = {
        "name": "tree",
        "command": [sys.executable, str(DRIVERS / "first_byte.py"), str(log)],
        "config": {"root": str(tree)},
    }
    file = home / "sources" / "tree" / "defs.yaml"
    file.parent.mkdir(parents=True)
    component = {"type": "dataq_assets.components.SourcePlugin", "attributes": attributes}
    file.write_text(json.dumps(component))
    return home


def _launched(home: Path, pairs: int, log: Path) -> dict[str, list[float]]:
    answer = log.with_name("answer")
    argv: list[str | Path] = [sys.executable, DRIVERS / "launches.py", str(pairs), log, answer]
    places = {"DATAQ_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    command(argv, env=places)
    return dict(json.loads(answer.read_text()))


def _hooked(home: Path, starts: int, log: Path, server_log: Path) -> list[float]:
    found = []
    with serving(home, server_log) as port:
        for number in range(starts + 1):
            before = len(log.read_text().splitlines())
            begun = time.time()
            post(port)
            wait_until_idle(home)
            told = log.read_text().splitlines()[before:]
            if not told:
                raise BenchFailed("the plugin of a hook's run said nothing")
            if number:  # the first one may still wait for the server to load
                found.append(float(told[0]) - begun)
    return found
