"""Environments of their own for what is compared with: its dependencies must not meet ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.command import BenchFailed
from benchmarks.setting import Setting


def python_with(setting: Setting, requirement: str) -> Path:
    """The Python of an environment with this package, made once and kept in the cache folder."""
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    folder = setting.cache / f"{requirement.replace('==', '-')}-{version}"
    python, made = folder / "bin" / "python", folder / "made"
    if made.exists():
        return python
    setting.say(f"installing {requirement} into {folder}")
    _call([sys.executable, "-m", "venv", "--clear", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _call([*pip, requirement])
    _call([str(python), "-m", "compileall", "-q", str(folder / "lib")], must=False)
    made.touch()
    return python


def _call(argv: list[str], *, must: bool = True) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if must and done.returncode:
        raise BenchFailed(f"{' '.join(argv)}: {done.stderr.strip()[-500:]}")
