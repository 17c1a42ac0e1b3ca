"""Nothing of a plugin outlives its host, however the host ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from dataq_plugins.host import PluginProcess
from tests.plugins.conftest import DOUBLES, MARK, Spec, marked

GONE_WITHIN = 10.0  # seconds; it takes about 0.1


def wait_until_gone(mark: str) -> None:
    """Fail if a process with this mark is still there after a while."""
    deadline = time.monotonic() + GONE_WITHIN
    while left := marked(mark):
        assert time.monotonic() < deadline, left
        threading.Event().wait(0.02)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_host_takes_its_plugin_and_the_daemon_with_it(
    mark: str, number: signal.Signals
) -> None:
    command = [sys.executable, str(DOUBLES / "host.py"), str(DOUBLES / "hostile.py")]
    with subprocess.Popen(
        [*command, "double_fork_hang", MARK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as host:
        assert host.stdout
        assert host.stdout.readline() == b"running\n"
        names = list(marked(mark).values())
        assert sum("hostile.py" in name for name in names) >= 3  # supervisor, plugin, daemon
        host.send_signal(number)
        host.wait()
    wait_until_gone(mark)


def test_a_plugin_in_the_middle_of_writing_ends_with_its_block(mark: str, double: Spec) -> None:
    with PluginProcess(double("hostile.py", mode="endless")) as plugin:
        batches = plugin.extract()
        next(batches)
        assert len(marked(mark)) >= 2
    assert marked(mark) == {}


def test_a_plugin_outlives_the_thread_that_started_it(double: Spec) -> None:
    """A parent-death signal is sent when the parent's *thread* ends: we must not rely on it."""
    plugin = PluginProcess(double("memory.py", count=5))

    def start() -> None:
        plugin.__enter__()
        plugin.describe()  # by now the supervisor has set all it sets

    starter = threading.Thread(target=start)
    starter.start()
    starter.join()
    try:
        assert sum(len(batch.items) for batch in plugin.extract()) == 5
    finally:
        plugin.__exit__(None, None, None)


def test_a_child_of_the_host_that_holds_its_pipes_does_not_keep_the_plugin(
    mark: str, double: Spec
) -> None:
    with PluginProcess(double("memory.py")) as plugin:
        plugin.describe()
        read, write = os.pipe()
        child = os.fork()
        if not child:  # as a multiprocessing worker does: it inherits every descriptor
            os.read(read, 1)
            os._exit(0)
    assert marked(mark) == {}
    os.write(write, b"x")
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)
