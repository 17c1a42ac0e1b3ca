"""A webhook until it is answered with its run's id: each starts a run, and a burst of them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.homes import make_home
from benchmarks.measure import Bar, Measure, median
from benchmarks.setting import Setting
from benchmarks.trees import files
from benchmarks.webhooks import post, serving, started, wait_until_idle

STARTS, BURST, SENDERS = 20, 1_000, 50
BAR = Bar(500, "most")


def run(setting: Setting) -> list[Measure]:
    """Return the 95th percentile of both, and how many runs the burst made."""
    starts, burst = setting.scaled(STARTS, 3), setting.scaled(BURST, 50)
    with setting.folder("hooks") as folder:
        files(folder / "tree", 20)
        home = make_home(folder / "home", folder / "tree")
        with serving(home, folder / "log") as port:
            alone = [started(home, port) for _ in range(starts)]
            begun = time.perf_counter()
            with ThreadPoolExecutor(SENDERS) as senders:
                many = list(senders.map(lambda _: post(port), range(burst)))
            seconds = time.perf_counter() - begun
            wait_until_idle(home)
    runs = len({run_id for _, run_id in many})
    note = (
        "From the first byte sent to the answer read, on a connection of its own; the run is "
        "then in Dagster's storage. One delivery at a time, each when the run before has ended."
    )
    return [
        _figure("webhook accepted → run id, p95", [each for each, _ in alone], note, BAR),
        _figure(
            "webhook accepted → run id in a burst, p95",
            [each for each, _ in many],
            f"{burst:,} by {SENDERS} at a time, all answered within {seconds:.2f} s; {runs} runs.",
        ),
    ]


def _figure(name: str, seconds: list[float], note: str, bar: Bar | None = None) -> Measure:
    ordered = [each * 1000 for each in sorted(seconds)]
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    ours = f"median {median(ordered):.0f} ms, most {ordered[-1]:.0f} ms"
    return Measure(name, p95, "ms", bar, ours, "", tuple(ordered), note)
