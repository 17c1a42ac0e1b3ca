"""The source gmail as a process: killed at any request, and bounded in memory."""

from __future__ import annotations

from contextlib import suppress

import psutil
import pytest

from dataq_plugins.errors import PluginCrashed, PluginError
from dataq_plugins.host import Item, Limits, PluginProcess, PluginSpec
from dataq_plugins.registry import argv_for
from tests.emulators.gmail import Gmail
from tests.plugins.gmail.gmailed import USER, config, small

MB = 1 << 20


class Kept:
    """What came over the wire before the end, and the last state."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.state: bytes | None = None

    def extract(self, gmail: Gmail, limits: Limits | None = None, **more: str) -> None:
        spec = PluginSpec(
            "post", argv_for("gmail"), config(gmail, **more), limits=limits or Limits()
        )
        with PluginProcess(spec) as process:
            for batch in process.extract(None, self.state, False):
                self.items += batch.items
                self.state = batch.state or self.state


def test_killed_at_any_request_it_goes_on_where_it_was(gmail: Gmail) -> None:
    box = gmail.mailbox(USER)
    box.fill(small(13))
    calls = gmail.requests()
    whole = Kept()
    whole.extract(gmail, batch="5", connections="1")
    calls = gmail.requests() - calls
    assert calls >= 6
    for number in range(1, calls):
        kept, killed = Kept(), gmail.requests() + number

        def kill(call: dict[str, object], killed: int = killed) -> None:
            if call["number"] == killed:
                for each in psutil.Process().children(recursive=True):
                    with suppress(psutil.Error):  # it has just ended
                        if "dataq_plugins.sources.gmail" in each.cmdline():
                            each.kill()

        gmail.mend()
        for method in ("token", "batch", "messages.list", "history.list"):
            gmail.hook(method, 1, kill, times=None)
        with pytest.raises(PluginCrashed):
            kept.extract(gmail, batch="5", connections="1")
        gmail.mend()
        before = len(kept.items)
        kept.extract(gmail, batch="5", connections="1")
        assert {item.source_id for item in kept.items} == set(box.ids())
        assert len(kept.items) - before <= 13 - before + 5


def test_a_batch_of_large_mails_is_never_whole_in_memory(gmail: Gmail) -> None:
    """64 MB of mails, 89 MB in base64, in one batch."""
    box = gmail.mailbox(USER)
    for number in range(16):
        box.add(b"From: a@example.org\nSubject: %d\n\n" % number + b"x" * (4 * MB))
    kept = Kept()
    kept.extract(gmail, Limits(memory_bytes=120 * MB))
    assert len(kept.items) == 16
    with pytest.raises(PluginError, match="memory"):
        Kept().extract(gmail, Limits(memory_bytes=20 * MB))
