"""docs/sources/mailboxes.md says what the code does, and its defs.yaml works."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from dataq_plugins.sources.mailboxes.settings import Settings
from dataq_resources.sources import SourceConfig
from tests.plugins.posts import mailboxes
from tests.plugins.setting_lines import setting_lines

PAGE = Path(__file__).parents[2] / "docs" / "sources" / "mailboxes.md"


def test_every_setting_is_documented_as_the_schema_has_it() -> None:
    table = PAGE.read_text().partition("## Settings")[2].partition("\n\n##")[0]
    assert table.strip().splitlines()[2:] == setting_lines(Settings)


def test_the_example_can_be_copied(tmp_path: Path) -> None:
    text = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    source = SourceConfig.model_validate(yaml.safe_load(text)["attributes"])
    settings = {name: value for name, value in source.config.items() if name != "root"}
    with mailboxes(tmp_path, **settings) as post:
        post.process.configure()
