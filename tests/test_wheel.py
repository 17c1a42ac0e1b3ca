"""A built wheel works outside of the checkout: the command, the plugin processes, the whole way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend that is installed here."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel; what it depends on comes from this one."""
    folder = tmp_path_factory.mktemp("outside")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    # Paths in a .pth are not searched for further .pth files, so the checkout does not come along.
    packages = next((folder / "venv" / "lib").glob("python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    offline = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check"]
    subprocess.run([*pip, *offline, str(wheel)], check=True, timeout=120)
    return python.parent


@pytest.fixture
def outside(installed: Path, home: Path, tmp_path: Path) -> Callable[..., str]:
    """Runs a program of that environment, far from the checkout."""

    def run(program: str, *words: str) -> str:
        environment = {**os.environ, "DATAQ_HOME": str(home)}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(
            [installed / program, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_wheel_holds_all_packages_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    packages = ("plugins", "analyzers", "lake", "resources", "assets", "gateway")
    assert tops == {f"dataq_{each}" for each in packages}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("dataq_pb2.pyi") for name in names)
    assert "dataq_assets/dbt_project/dbt_project.yml" in names


def test_the_command_is_the_installed_one(outside: Callable[..., str], installed: Path) -> None:
    where = outside("python", "-c", "import dataq_gateway; print(dataq_gateway.__file__)")
    assert where.startswith(str(installed.parent))
    assert outside("dataq", "--version").startswith("dataq ")


def test_the_whole_way(outside: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("# Heron\n\nA bird that waits beside the river.\n")
    outside(
        "dataq", "sources", "add", "notes", "--plugin", "file_scanner", "--config", "root=notes"
    )
    assert json.loads(outside("dataq", "run", "--json"))["ok"] is True
    (hit,) = json.loads(outside("dataq", "search", "waiting bird", "-k", "1", "--json"))
    assert hit["path"] == "a.md"
    assert "A bird that waits" in hit["text"]
