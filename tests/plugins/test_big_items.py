"""Content over the threshold goes to the blob sink, in memory that does not grow with it."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from dataq_plugins.host import (
    BLOB_THRESHOLD,
    LimitExceeded,
    Limits,
    PluginProcess,
    ProtocolViolated,
)
from tests.plugins.conftest import DOUBLES, Spec

MIB = 1 << 20


@dataclass
class Stored:
    data: bytes

    @property
    def uri(self) -> str:
        return f"blob:{self.sha256}"

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass
class Sink:
    """A blob sink that remembers what happened to its writers."""

    events: list[str] = field(default_factory=list)

    def writer(self) -> Writer:
        return Writer(self)


class Writer(io.BytesIO):
    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._events = sink.events
        self._events.append("open")

    def commit(self) -> Stored:
        self._events.append("commit")
        return Stored(self.getvalue())

    def abort(self) -> None:
        self._events.append("abort")


@pytest.mark.parametrize("size", [BLOB_THRESHOLD + 1, 1 * MIB, 10 * MIB, 10 * MIB + 1, 25 * MIB])
def test_big_content_is_in_the_sink(double: Spec, size: int) -> None:
    sink = Sink()
    with PluginProcess(double("memory.py", count=1, big=size)) as plugin:
        note, big = [item for batch in plugin.extract(blobs=sink) for item in batch.items]
    assert note.content is not None
    assert note.blob is None
    assert big.content is None
    assert isinstance(big.blob, Stored)
    assert big.blob.data == b"\xa5" * size
    assert (big.source_id, big.size, big.metadata) == ("big", size, {"kind": "big"})
    assert sink.events == ["open", "commit"]


@pytest.mark.parametrize("size", [1, BLOB_THRESHOLD])
def test_small_content_from_a_stream_stays_in_the_item(double: Spec, size: int) -> None:
    sink = Sink()
    with PluginProcess(double("memory.py", count=0, big=size)) as plugin:
        (big,) = [item for batch in plugin.extract(blobs=sink) for item in batch.items]
    assert big.content == b"\xa5" * size
    assert sink.events == []


def test_big_content_without_a_sink_is_in_the_item(double: Spec) -> None:
    with PluginProcess(double("memory.py", count=0, big=12 * MIB)) as plugin:
        (big,) = [item for batch in plugin.extract() for item in batch.items]
    assert big.content == b"\xa5" * (12 * MIB)


def test_a_torn_item_leaves_nothing(double: Spec) -> None:
    sink = Sink()
    limits = Limits(chunk_bytes=MIB)
    with PluginProcess(double("memory.py", limits, count=1, big=5 * MIB, trouble="torn")) as plugin:
        items = [item for batch in plugin.extract(blobs=sink) for item in batch.items]
    assert [item.source_id for item in items] == ["note-0"]
    assert sink.events in ([], ["open", "abort"])


def test_a_broken_off_item_leaves_nothing(double: Spec) -> None:
    sink = Sink()
    spec = double("hostile.py", mode="chunk_unfinished")
    reason = "'half' has no last chunk"
    with PluginProcess(spec) as plugin, pytest.raises(ProtocolViolated, match=reason):
        list(plugin.extract(blobs=sink))
    assert sink.events == ["open", "abort"]


def test_an_item_over_its_limit_leaves_nothing(double: Spec) -> None:
    sink = Sink()
    limits = Limits(item_bytes=3 * MIB, chunk_bytes=MIB)
    spec = double("memory.py", limits, count=0, big=10 * MIB)
    reason = "'big' has over 3,145,728 bytes"
    with PluginProcess(spec) as plugin, pytest.raises(LimitExceeded, match=reason):
        list(plugin.extract(blobs=sink))
    assert sink.events == ["open", "abort"]


MEASURE = """
import resource, sys
from dataq_plugins.conformance.session import HashingSink
from dataq_plugins.host import PluginProcess, PluginSpec
spec = PluginSpec("s", (sys.executable, sys.argv[1]), {"count": "0", "big": sys.argv[2]})
with PluginProcess(spec) as plugin:
    plugin.describe()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (item,) = [i for b in plugin.extract(blobs=HashingSink()) for i in b.items]
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert item.size == int(sys.argv[2])
print(after - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_memory_does_not_grow_with_an_item() -> None:
    size = 150 * MIB
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(DOUBLES / "memory.py"), str(size)],
        capture_output=True,
        text=True,
        check=True,
    )
    grown_kib, plugin_kib = map(int, done.stdout.split())
    assert grown_kib < 40 * 1024  # one chunk of 10 MiB, and change
    assert plugin_kib < 100 * 1024
