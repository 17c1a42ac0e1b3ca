"""What the host gets out of a plugin that behaves."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dataq_plugins.host import (
    ConfigError,
    Limits,
    OperationFailed,
    PluginCancelled,
    PluginProcess,
    SourceUnreachable,
    Window,
)
from tests.plugins.conftest import Spec

START, DAY = 1_700_000_000, 86_400


def test_description(double: Spec) -> None:
    with PluginProcess(double("memory.py")) as plugin:
        told = plugin.describe()
    assert (told.id, told.name, told.version, told.time_basis) == (
        "memory",
        "Memory",
        "1.2",
        "created",
    )
    assert told.description == "Notes that exist only here."
    assert told.capabilities >= {"describe", "configure", "check", "discover", "extract"}
    properties = told.config_schema["properties"]
    assert isinstance(properties, dict)
    assert properties["token"]["writeOnly"] is True
    assert properties["count"] == {
        "type": "integer",
        "default": 100,
        "description": "How many notes there are.",
        "minimum": 0,
    }


@pytest.mark.parametrize(
    ("config", "setting", "reason"),
    [
        ({"count": "many"}, "count", "is 'many'; it must be a whole number"),
        ({"count": "-1"}, "count", "is -1; it must be at least 0"),
        ({"count": "13"}, "count", "is unlucky"),
        ({"colour": "green"}, "colour", "must be one of red, blue"),
        ({"colours": "red"}, "colours", "did you mean colour?"),
        ({"undated": "perhaps"}, "undated", "must be true or false"),
    ],
)
def test_a_bad_setting_is_named(
    double: Spec, config: dict[str, str], setting: str, reason: str
) -> None:
    with PluginProcess(double("memory.py", **config)) as plugin:
        with pytest.raises(ConfigError) as caught:
            plugin.configure()
        assert caught.value.setting == setting
        text = str(caught.value)
        assert text.startswith(f"source orchard, plugin memory, configure: setting '{setting}': ")
        assert reason in text
        assert plugin.describe().id == "memory"  # it goes on


def test_an_unreachable_source(double: Spec) -> None:
    spec = double("memory.py", trouble="unreachable")
    reason = "plugin memory, check: nobody opens the notebook"
    with PluginProcess(spec) as plugin, pytest.raises(SourceUnreachable, match=reason):
        plugin.check()


def test_items_arrive_whole_and_in_order(double: Spec) -> None:
    with PluginProcess(double("memory.py", count=2500, size=50)) as plugin:
        batches = list(plugin.extract())
    items = [item for batch in batches for item in batch.items]
    assert [item.source_id for item in items] == [f"note-{n}" for n in range(2500)]
    item = items[7]
    assert item.content is not None
    assert item.content.startswith(b"note 7 in red note 7")
    assert (item.size, item.content_type, item.op, item.problem) == (
        50,
        "text/plain",
        "upsert",
        None,
    )
    assert item.timestamp_us == (START + 7 * DAY) * 1_000_000
    assert item.metadata == {"number": "7", "colour": "red"}
    assert item.plugin_id == "memory"
    assert item.blob is None
    assert batches[-1].state == b"2500"
    assert [batch.state for batch in batches[:-1]] == [None] * (len(batches) - 1)


def test_undated_items_have_no_time(double: Spec) -> None:
    with PluginProcess(double("memory.py", undated="true", count=3)) as plugin:
        items = [item for batch in plugin.extract() for item in batch.items]
    assert [item.timestamp_us for item in items] == [None] * 3


def test_state_goes_back_unread_and_full_overrides_it(double: Spec) -> None:
    with PluginProcess(double("memory.py", count=10)) as plugin:
        rest = [i.source_id for b in plugin.extract(state=b"7") for i in b.items]
        assert rest == ["note-7", "note-8", "note-9"]
        again = [i.source_id for b in plugin.extract(state=b"7", full=True) for i in b.items]
        assert len(again) == 10
        nothing = list(plugin.extract(state=b"10"))
    assert [(batch.items, batch.state) for batch in nothing] == [([], b"10")]


def test_windows(double: Spec) -> None:
    with PluginProcess(double("memory.py", count=40)) as plugin:
        found = plugin.discover(None, "monthly")
        assert found.complete
        assert found.windows == [
            Window(1_698_796_800, 1_701_388_800),  # November and December 2023
            Window(1_701_388_800, 1_704_067_200),
        ]
        counts = [
            sum(len(batch.items) for batch in plugin.extract(window)) for window in found.windows
        ]
        assert counts == [17, 23]
        assert plugin.discover(b"40", "monthly").windows == []


def test_a_plugin_that_cannot_tell_what_changed(double: Spec) -> None:
    with PluginProcess(double("hostile.py", mode="leave")) as plugin:
        found = plugin.discover(None, "daily")
        plugin.check()  # not offered, so not asked
    assert (found.windows, found.complete) == ([], False)


def test_logs_come_at_their_level(double: Spec) -> None:
    lines: list[tuple[str, str]] = []
    with PluginProcess(
        double("memory.py", trouble="print", count=1), lambda *line: lines.append(line)
    ) as plugin:
        items = [item for batch in plugin.extract() for item in batch.items]
    assert len(items) == 1  # a print() does not break the protocol
    assert ("debug", "opening the notebook") in lines
    assert ("info", "a stray line on standard output") in lines


def test_an_error_in_the_plugin_is_one_line_and_its_traceback_a_log(double: Spec) -> None:
    lines: list[tuple[str, str]] = []
    with PluginProcess(
        double("memory.py", trouble="raise"), lambda *line: lines.append(line)
    ) as plugin:
        with pytest.raises(OperationFailed, match="KeyError: 'the notebook'"):
            list(plugin.extract())
        assert plugin.describe().id == "memory"
        plugin.check()
    assert ("error", "Traceback (most recent call last):") in lines
    assert ("error", "KeyError: 'the notebook'") in lines


def test_independent_plugins_run_side_by_side(double: Spec) -> None:
    spec = double("memory.py", pause=1.5, count=1)

    def extract(_: int) -> int:
        with PluginProcess(spec) as plugin:
            return sum(len(batch.items) for batch in plugin.extract())

    began = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(extract, range(4))) == [1, 1, 1, 1]
    assert time.monotonic() - began < 4.5  # one after the other they would sleep for 6 seconds


def test_what_was_yielded_arrives_while_the_plugin_sleeps(double: Spec) -> None:
    with PluginProcess(double("memory.py", pause=600, count=3)) as plugin:
        first = next(batch for batch in plugin.extract() if batch.items)
    assert [item.source_id for item in first.items] == ["note-0", "note-1"]


@pytest.mark.parametrize("name", ["memory.py", "hostile.py"])
def test_cancel_from_another_thread(double: Spec, name: str) -> None:
    config = {"mode": "stubborn"} if name == "hostile.py" else {"count": 10_000_000}
    limits = Limits(silence_seconds=20, grace_seconds=0.4)
    with PluginProcess(double(name, limits, **config)) as plugin:
        batches = plugin.extract()
        next(batches)
        threading.Thread(target=plugin.cancel).start()
        with pytest.raises(PluginCancelled, match="extract: was cancelled"):
            for _ in batches:
                pass
        with pytest.raises(PluginCancelled):
            plugin.check() if name == "memory.py" else list(plugin.extract())


def test_leaving_the_loop_early_ends_the_plugin(double: Spec, mark: str) -> None:
    with PluginProcess(double("memory.py", count=10_000_000)) as plugin:
        batches = plugin.extract()
        next(batches)
        batches.close()  # type: ignore[attr-defined]
