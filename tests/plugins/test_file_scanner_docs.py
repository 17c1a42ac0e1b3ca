"""docs/sources/file_scanner.md says what the code does, and its defs.yaml works."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from dataq_plugins.sources.file_scanner import problems
from dataq_plugins.sources.file_scanner.settings import Settings
from dataq_resources.sources import SourceConfig
from tests.plugins.scanned import scanned
from tests.plugins.setting_lines import setting_lines

PAGE = Path(__file__).parents[2] / "docs" / "sources" / "file_scanner.md"


def test_every_setting_is_documented_as_the_schema_has_it() -> None:
    table = PAGE.read_text().partition("## Settings")[2].partition("\n\nPatterns")[0]
    assert table.strip().splitlines()[2:] == setting_lines(Settings)


def test_every_problem_is_documented() -> None:
    source = Path(problems.__file__).read_text()
    codes = set(re.findall(r'Problem\(\s*"(\w+)"', source))
    assert codes
    section = PAGE.read_text().partition("## What cannot be read")[2]
    assert codes == set(re.findall(r"`(\w+)`", section)) - {"max_bytes", "symlinks", "quarantine"}


def test_the_example_can_be_copied(tmp_path: Path) -> None:
    text = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    source = SourceConfig.model_validate(yaml.safe_load(text)["attributes"])
    settings = {name: value for name, value in source.config.items() if name != "root"}
    with scanned(tmp_path, **settings) as process:
        process.process.configure()
