"""DATAQ_HOME: private folders, a dagster.yaml of its own, and locks that die with their holder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dataq_resources.errors import Busy
from dataq_resources.home import Home, home_from_environment
from dataq_resources.locks import locked


def test_home_is_private_and_settings_stay_as_the_user_made_them(home: Path) -> None:
    place = home_from_environment()
    assert place == Home(home)
    place.prepare()
    for folder in (place.lake, place.dagster, place.sources, place.locks):
        assert folder.stat().st_mode & 0o777 == 0o700
    settings = place.dagster / "dagster.yaml"
    assert "KeptSqliteEventLogStorage" in settings.read_text()
    settings.write_text("telemetry: {enabled: false}\n")
    place.prepare()
    assert settings.read_text() == "telemetry: {enabled: false}\n"


def test_lock_is_exclusive_and_says_who_has_it(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from dataq_resources.locks import locked\n"
        "with locked(Path(sys.argv[1]), 'work'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        busy = pytest.raises(Busy, match=f"work is in use by process {holder.pid}")
        with busy, locked(tmp_path, "work", wait=False):
            pass
        holder.kill()
    with locked(tmp_path, "work", wait=False):
        pass
