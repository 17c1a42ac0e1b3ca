"""Plugins of the original design: six fields, one process an extraction, state in metadata."""

from __future__ import annotations

import json
import sys

import pytest

from dataq_plugins.host import (
    Limits,
    OperationFailed,
    PluginCrashed,
    PluginError,
    PluginProcess,
    ProtocolViolated,
    probe,
)
from tests.plugins.conftest import DOUBLES, Spec


def test_a_plain_plugin_sends_page_after_page(double: Spec) -> None:
    state: bytes | None = None
    pages = []
    with PluginProcess(double("plain.py")) as plugin:
        for _ in range(3):
            batches = list(plugin.extract(state=state))
            pages.append([item for batch in batches for item in batch.items])
            state = batches[-1].state if batches else state
    assert [[item.source_id for item in page] for page in pages] == [
        ["apple", "pear"],
        ["plum"],
        [],
    ]
    assert state is not None
    assert json.loads(state) == {"page_token": "2"}
    apple = pages[0][0]
    assert apple.content == b"a ripe apple"
    assert apple.timestamp_us == 1_700_000_000_000_000
    assert apple.plugin_id == "orchard"
    assert apple.metadata == {"kind": "fruit"}  # the token is no part of the thing


def test_what_can_be_said_of_it(double: Spec) -> None:
    with PluginProcess(double("plain.py")) as plugin:
        plugin.configure()
        plugin.check()
        assert plugin.describe().id == "orchard"
        found = plugin.discover(None, "monthly")
    assert (found.windows, found.complete) == ([], False)


@pytest.mark.parametrize(
    ("trouble", "kind", "reason", "last"),
    [
        ("error", OperationFailed, "the gate is locked", None),
        ("crash", PluginCrashed, "ended with exit code 1: the ladder broke", "apple"),
        ("print", ProtocolViolated, "in the middle of a message", None),
    ],
)
def test_its_failures_are_clear(
    double: Spec, trouble: str, kind: type[PluginError], reason: str, last: str | None
) -> None:
    with PluginProcess(double("plain.py", trouble=trouble)) as plugin:
        with pytest.raises(kind, match=reason) as caught:
            list(plugin.extract())
        assert caught.value.last_item == last
        assert caught.value.operation == "extract"


def test_a_state_of_another_protocol_is_refused(double: Spec) -> None:
    reason = "its stored state is not of a plain plugin"
    with PluginProcess(double("plain.py")) as plugin, pytest.raises(ProtocolViolated, match=reason):
        list(plugin.extract(state=b"\x00\x01"))


@pytest.mark.parametrize(
    ("command", "protocol"),
    [
        ((sys.executable, str(DOUBLES / "memory.py")), "v1"),
        ((sys.executable, str(DOUBLES / "hostile.py")), "v1"),
        ((sys.executable, str(DOUBLES / "plain.py")), "plain"),
        (("true",), "plain"),
    ],
)
def test_probe(command: tuple[str, ...], protocol: str) -> None:
    assert probe(command, {}) == protocol


SLOW = """
import sys, time
time.sleep({seconds})
from dataq_plugins.sdk import serve
sys.path.insert(0, {folder!r})
from memory import Memory
{before}
serve(Memory)
"""
ENDS_WITH_ITS_INPUT = """
import os, select
ends = select.poll()
ends.register(0, select.POLLHUP)
if ends.poll(0):
    sys.exit()
"""


@pytest.mark.parametrize("before", ["", ENDS_WITH_ITS_INPUT], ids=["says so", "without a word"])
def test_one_that_is_slow_to_load_is_not_taken_for_plain(before: str) -> None:
    code = SLOW.format(seconds=1, folder=str(DOUBLES), before=before)
    assert probe((sys.executable, "-c", code), {}, Limits(), patience=(0.1, 60.0)) == "v1"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("echo", "hello"), "in the middle of a message"),
        (("false",), "ended with exit code 1"),
        (("/no/such/thing",), "could not be started: No such file or directory"),
    ],
)
def test_probe_of_what_is_no_plugin(command: tuple[str, ...], reason: str) -> None:
    for config in ({}, {"more": "than a pipe holds" * 100_000}):
        with pytest.raises(PluginError, match=reason) as caught:
            probe(command, config)
        assert caught.value.operation == "probe"
