"""What is begun before a run is taken over if it fits, and ended if not."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from dataq_analyzers.pool import Pool
from dataq_assets.begun import Begun, Question, key_of
from dataq_assets.extraction import Extraction, open_ended
from dataq_assets.runs.news import again
from dataq_assets.stages.readying import get_ready
from dataq_assets.stages.windows import windowing
from dataq_lake.embedders import DEFAULT_MODEL
from dataq_lake.lake import Lake
from dataq_plugins.errors import PluginCrashed
from dataq_plugins.host import PluginSpec
from dataq_resources.early_pool import KEY, EarlyPool
from dataq_resources.handover import handing_over, taken
from dataq_resources.sources import SourceConfig

PLUGIN = '''
import os, sys
from dataclasses import dataclass
from dataq_plugins.sdk import Item, Log, Plugin, serve

@dataclass(frozen=True)
class Settings:
    marks: str
    fails: bool = False

class Marking(Plugin[Settings]):
    """Leaves a mark for each extraction."""

    id, version = "marking", "1"

    def extract(self, window, state, full):
        with open(self.config.marks, "a") as marks:
            marks.write(f"{os.getpid()}\\n")
        if self.config.fails:
            os._exit(3)
        yield Log("hello from the plugin")
        yield Item("a", b"one", 1)

serve(Marking)
'''
EVERYTHING = Question(None, None, full=False)


class Thing:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    return tmp_path / "marks"


@pytest.fixture
def spec(tmp_path: Path, marks: Path) -> PluginSpec:
    program = tmp_path / "marking.py"
    program.write_text(PLUGIN)
    return PluginSpec("s", (sys.executable, str(program)), {"marks": str(marks)})


def begun(spec: PluginSpec, lake: Lake, question: Question) -> Begun:
    made = Begun(spec)
    made.ask(question, lake.blobs)
    made.read_ahead()
    return made


def extracted(spec: PluginSpec, lake: Lake, full: bool = False) -> tuple[list[str], list[str]]:
    lines: list[str] = []
    extraction = Extraction(
        spec, lake, windowing("monthly"), None, "run1", full, lambda _, line: lines.append(line)
    )
    found = [name for rows, _ in extraction.batches() for name in rows["source_id"].to_pylist()]
    return found, lines


def test_a_begun_extraction_is_taken_over_with_its_log(
    spec: PluginSpec, lake: Lake, marks: Path
) -> None:
    with handing_over() as handover:
        handover.offer(key_of(lake.root, "s"), begun(spec, lake, EVERYTHING))
        pids = marks.read_text()
        assert extracted(spec, lake) == (["a"], ["hello from the plugin"])
    assert marks.read_text() == pids
    assert not Path("/proc", pids.strip()).exists()


def test_one_that_was_asked_something_else_is_ended_and_asked_anew(
    spec: PluginSpec, lake: Lake, marks: Path
) -> None:
    with handing_over() as handover:
        handover.offer(key_of(lake.root, "s"), begun(spec, lake, EVERYTHING))
        lake.save_state("s", b"later", "run0")
        assert extracted(spec, lake)[0] == ["a"]
    first, second = marks.read_text().split()
    assert first != second
    assert not Path("/proc", first).exists()
    assert not Path("/proc", second).exists()


def test_an_early_failure_is_raised_where_the_items_are_read(
    spec: PluginSpec, lake: Lake, marks: Path
) -> None:
    spec.config["fails"] = "true"
    with handing_over() as handover:
        handover.offer(key_of(lake.root, "s"), begun(spec, lake, EVERYTHING))
        with pytest.raises(
            PluginCrashed, match="source s, plugin marking, extract: ended with exit code 3"
        ):
            extracted(spec, lake)
    assert len(marks.read_text().split()) == 1


@pytest.mark.parametrize(
    ("asked", "starts"), [(("2024-01", "2024-04"), 1), (("2024-02", "2024-04"), 2)]
)
def test_a_backfill_takes_the_plugin_that_loads_while_its_run_is_made(
    spec: PluginSpec, lake: Lake, tmp_path: Path, asked: tuple[str, str], starts: int
) -> None:
    program, log = Path(spec.argv[1]), tmp_path / "starts"
    program.write_text(f"open({str(log)!r}, 'a').write('.')\n{PLUGIN}")
    source = SourceConfig(name="s", command=spec.argv, config=dict(spec.config))
    cut = windowing("monthly")
    window = open_ended(cut, "2024-01", "2024-04", int(time.time()))
    with handing_over() as handover:
        assert again(lake, source, asked, handover).clusters == (asked,)
        extraction = Extraction(spec, lake, cut, window, "run1", full=True)
        rows = [row for batch, _ in extraction.batches() for row in batch["source_id"].to_pylist()]
    assert rows == ["a"]
    assert log.read_text() == "." * starts


def test_a_plugin_that_cannot_start_fails_the_run_and_not_what_comes_before(lake: Lake) -> None:
    source = SourceConfig(name="s", plugin="nobody_made_it")
    with handing_over() as handover:
        assert again(lake, source, ("2024-01", "2024-01"), handover).source is source
        assert handover.take(key_of(lake.root, "s")) is None


def test_nobody_takes_what_is_of_another_lake_and_it_is_ended(
    spec: PluginSpec, lake: Lake, marks: Path, tmp_path: Path
) -> None:
    with handing_over() as handover:
        handover.offer(key_of(tmp_path / "other", "s"), begun(spec, lake, EVERYTHING))
        assert extracted(spec, lake)[0] == ["a"]
        assert Path("/proc", marks.read_text().split()[0]).exists()
    assert not Path("/proc", marks.read_text().split()[0]).exists()


def test_things_left_over_late_or_twice_are_closed_once() -> None:
    left, second, late = Thing(), Thing(), Thing()
    with handing_over() as handover:
        handover.offer("key", left)
        handover.offer("key", second)
        assert (left.closed, second.closed) == (0, 1)
    handover.offer("key", late)
    assert (left.closed, second.closed, late.closed) == (1, 1, 1)
    assert taken("key") is None


def test_a_thing_is_prepared_once_even_after_it_was_taken() -> None:
    made: list[Thing] = []

    def make() -> Thing:
        made.append(Thing())
        return made[-1]

    with handing_over() as handover:
        handover.prepare("key", make)
        assert taken("key") is made[0]
        handover.prepare("key", make)
    assert len(made) == 1
    assert made[0].closed == 0


def test_early_workers_are_those_that_do_the_work() -> None:
    with handing_over() as handover:
        handover.prepare(KEY, lambda: EarlyPool(get_ready, DEFAULT_MODEL))
        early = taken(KEY)
        pool: Pool = early.ready()
        with pool:
            assert len(pool._idle) == 1
            early.grow()
            until = time.monotonic() + 30
            while len(pool._idle) < pool.workers and time.monotonic() < until:
                time.sleep(0.01)
            before = {worker.pid for worker in pool._idle}
            assert len(before) == pool.workers
            assert [done.value for done in pool.map(abs, [-1])] == [1]
            assert {worker.pid for worker in pool._idle} == before
    assert not any(Path("/proc", str(pid)).exists() for pid in before)


def test_workers_that_cannot_get_ready_leave_it_to_the_work_to_say_so() -> None:
    early = EarlyPool(get_ready, "no such model")
    with early.ready() as pool:
        assert [done.value for done in pool.map(abs, [-2])] == [2]
