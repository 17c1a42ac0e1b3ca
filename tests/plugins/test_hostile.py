"""Every way to misbehave ends in one clear error, in time, with nothing left running."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from dataq_plugins.errors import shorten
from dataq_plugins.host import (
    LimitExceeded,
    Limits,
    PluginCrashed,
    PluginError,
    PluginProcess,
    PluginSilent,
    PluginSpec,
    PluginTimedOut,
    ProtocolViolated,
)
from tests.plugins.conftest import Spec

BOUNDS = Limits(
    silence_seconds=15,
    frame_bytes=1 << 20,
    item_bytes=100_000,
    stderr_bytes=1 << 20,
    memory_bytes=200 << 20,
    grace_seconds=0.4,
)
SILENCE = 2.0  # seconds; enough for a plugin to start on a busy machine
IN_TIME = 10.0

CASES = [
    ("crash", PluginCrashed, "ended with exit code 3: the disk is on fire"),
    ("abort", PluginCrashed, "was killed by SIGSEGV"),
    ("leave", ProtocolViolated, "closed its output before its answer was complete"),
    ("truncated", ProtocolViolated, "in the middle of a message, 9 of 500 bytes in"),
    ("truncated_length", ProtocolViolated, "in the middle of a message"),
    ("huge_length", ProtocolViolated, "announced a message of 2,147,483,648 bytes"),
    ("long_varint", ProtocolViolated, "a message length has more than 10 bytes"),
    ("garbage", ProtocolViolated, "that are no valid message"),
    ("stderr_flood", LimitExceeded, "standard error (stderr_bytes)"),
    ("stderr_line", LimitExceeded, "standard error (stderr_bytes)"),
    ("wrong_plugin", ProtocolViolated, "says it is of plugin 'somebody', not 'hostile'"),
    ("wrong_request", ProtocolViolated, "answered request"),
    ("invalid_utf8", ProtocolViolated, "UTF-8"),
    ("empty_id", ProtocolViolated, "source_id has 0 characters"),
    ("long_id", ProtocolViolated, "source_id has 10000 characters"),
    ("huge_item", LimitExceeded, "item 'huge' has over 100,000 bytes (item_bytes)"),
    ("endless_item", LimitExceeded, "item 'endless' has over 100,000 bytes (item_bytes)"),
    ("chunk_gap", ProtocolViolated, "chunk of 'gap' at 4 came; not 'gap' at 3"),
    ("chunk_orphan", ProtocolViolated, "chunk of 'orphan' at 9 came"),
    ("chunk_unfinished", ProtocolViolated, "item 'half' has no last chunk"),
    ("chunk_interrupted", ProtocolViolated, "item 'half' has no last chunk"),
    ("columns_short", ProtocolViolated, "column raw_data has 1 values for 2 items"),
    ("columns_empty", ProtocolViolated, "columns without items"),
    ("columns_metadata_short", ProtocolViolated, "column metadata 'x' has 2 values for 3 items"),
    ("columns_metadata_twice", ProtocolViolated, "two columns of metadata of one name came"),
    ("unknown_op", ProtocolViolated, "unknown op 99"),
    ("memory", LimitExceeded, "of memory (memory_bytes)"),
    ("child_memory", LimitExceeded, "of memory (memory_bytes)"),
    ("closes_output", ProtocolViolated, "closed its output before its answer was complete"),
    ("double_fork_crash", PluginCrashed, "ended with exit code 1"),
    ("kill_supervisor", PluginCrashed, "was killed by SIGKILL"),
]


SILENT = {
    "hang": "sent no message for 2 s (silence_seconds) ",
    "stubborn": "sent no message for 2 s (silence_seconds) ",
    "chatter": "sent no message for 2 s (silence_seconds) ",
    "double_fork_hang": "sent no message for 2 s (silence_seconds) ",
    "stray_print": "(does it print?), it begins with b'Hello, I am a plugin!",
}


def fail(spec: PluginSpec) -> PluginError:
    """Return the error of an extraction, after checking what every error has in common."""
    began = time.monotonic()
    with PluginProcess(spec) as plugin:
        with pytest.raises(PluginError) as caught:
            for _ in plugin.extract():
                pass
        assert time.monotonic() - began < IN_TIME
    error = caught.value
    text = str(error)
    assert text.startswith("source orchard, plugin hostile, extract: ")
    assert text.endswith(f"(last item: {shorten(error.last_item or '')})")
    assert "\n" not in text
    assert len(text) < 2000
    return error


@pytest.mark.parametrize(("mode", "kind", "reason"), CASES, ids=[case[0] for case in CASES])
def test_misbehaviour_is_one_clear_error(
    double: Spec, mode: str, kind: type[PluginError], reason: str
) -> None:
    error = fail(double("hostile.py", BOUNDS, mode=mode))
    assert type(error) is kind
    assert reason in str(error)


def test_silence_ends_in_time_side_by_side(double: Spec) -> None:
    limits = replace(BOUNDS, silence_seconds=SILENCE)
    specs = [double("hostile.py", limits, mode=mode) for mode in SILENT]
    with ThreadPoolExecutor(len(specs)) as threads:
        errors = list(threads.map(fail, specs))
    for error, reason in zip(errors, SILENT.values(), strict=True):
        assert type(error) is PluginSilent
        assert reason in str(error)


def test_endless_items_end_at_the_time_limit(double: Spec) -> None:
    limits = Limits(run_seconds=2, grace_seconds=0.4)
    error = fail(double("hostile.py", limits, mode="endless"))
    assert type(error) is PluginTimedOut
    assert "took over 2 s (run_seconds)" in str(error)


@pytest.mark.parametrize("mode", ["double_fork", "children"])
def test_what_outlives_a_good_answer_does_not_outlive_the_plugin(double: Spec, mode: str) -> None:
    with PluginProcess(double("hostile.py", mode=mode)) as plugin:
        items = [item for batch in plugin.extract() for item in batch.items]
    assert [item.source_id for item in items] == ["first"]


def test_duplicate_ids_are_left_to_the_gate(double: Spec) -> None:
    with PluginProcess(double("hostile.py", mode="duplicate_ids")) as plugin:
        ids = [item.source_id for batch in plugin.extract() for item in batch.items]
    assert ids == ["first", "twin", "twin"]


def test_a_failed_plugin_says_so_when_asked_again(double: Spec) -> None:
    with PluginProcess(double("hostile.py", mode="crash")) as plugin:
        for reason in ("exit code 3", "is not running"):
            with pytest.raises(PluginCrashed, match=reason):
                list(plugin.extract())


def test_a_command_that_is_not_there(double: Spec) -> None:
    spec = double("hostile.py", mode="crash")
    object.__setattr__(spec, "argv", ("/no/such/plugin",))
    with PluginProcess(spec) as plugin, pytest.raises(PluginCrashed) as caught:
        plugin.describe()
    assert "could not be started: No such file or directory" in str(caught.value)
    assert caught.value.operation == "describe"
