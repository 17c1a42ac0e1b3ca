"""dbt is optional: nothing but the marts needs it, and nothing else loads it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from dataq_assets import marts
from dataq_assets.modeling import project
from dataq_gateway import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def no_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(project, "version", version)


def test_the_command_says_in_one_line_what_to_install(
    home: Path, no_dbt: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["marts"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: dbt is not installed: pip install dagster-dbt==")
    assert told.count("\n") == 1


def test_the_code_location_is_empty(home: Path, no_dbt: None) -> None:
    assert not list(marts.definitions().resolve_all_asset_specs())


def test_what_is_to_be_installed_is_what_is_tested() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert all(package in project.INSTALL for package in groups["marts"])
    assert project.INSTALL in (ROOT / "docs" / "marts.md").read_text()


def test_the_graph_is_loaded_without_dbt() -> None:
    code = (
        "import sys, dataq_assets.definitions, dataq_assets.marts, dataq_gateway.commands.marts; "
        "sys.exit(any(name.split('.')[0] in ('dbt', 'dagster_dbt') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=300).returncode == 0


def test_marts_need_a_lake(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["marts"]) == 1
    assert "no lake at" in capsys.readouterr().err
