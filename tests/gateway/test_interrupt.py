"""Ctrl-C in the middle of a run ends it and the plugin, says so in a line, and harms nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.gateway.rows import Command

ENDLESS = '''\
"""Sends items for ever; writes its process id where it is told, once it has begun."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dataq_plugins.sdk import Item, Plugin, Window, serve


@dataclass(frozen=True)
class Settings:
    begun: Path


class Endless(Plugin[Settings]):
    id = "endless"

    def extract(self, window: Window | None, state: bytes | None, full: bool) -> Iterator[Item]:
        number = 0
        while True:
            yield Item(str(number), b"x")
            number += 1
            if number == 100:
                self.config.begun.write_text(str(os.getpid()))
            time.sleep(0.001)


serve(Endless)
'''


def wait_for(path: Path, child: subprocess.Popen[str]) -> int:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and child.poll() is None:
        if path.exists() and (text := path.read_text()):
            return int(text)
        time.sleep(0.05)
    pytest.fail(f"the plugin never began: {child.communicate(timeout=5)}")


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("seconds", [0, 4], ids=["while loading", "while archiving"])
def test_ctrl_c_ends_run_and_plugin(
    dataq: Command, home: Path, tmp_path: Path, seconds: int
) -> None:
    (tmp_path / "endless.py").write_text(ENDLESS)
    begun = tmp_path / "begun"
    command = f"{sys.executable} {tmp_path / 'endless.py'}"
    added = dataq("sources", "add", "endless", "--command", command, "--config", f"begun={begun}")
    assert added.returncode == 0, added.stderr
    child = subprocess.Popen(
        [sys.executable, "-m", "dataq_gateway", "run"],
        env={**os.environ, "DATAQ_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C reaches only the command here, so it has to end the plugin by itself.
        start_new_session=True,
    )
    try:
        plugin = wait_for(begun, child)
        time.sleep(seconds)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130, out + err
    assert err.endswith("error: interrupted\n")
    assert "Traceback" not in err
    assert not Path(f"/proc/{plugin}").exists()
    status = json.loads(dataq("status", "--json").stdout)
    assert [each["source"] for each in status["sources"]] == ["endless"]
