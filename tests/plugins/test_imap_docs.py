"""docs/sources/imap.md says what the code does, and its examples work."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from dataq_plugins.host import PluginProcess
from dataq_plugins.sources._patterns import Patterns
from dataq_plugins.sources.imap.settings import Settings
from dataq_resources.sources import SourceConfig, plugin_spec
from tests.plugins.setting_lines import setting_lines

PAGE = Path(__file__).parents[2] / "docs" / "sources" / "imap.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
SECRETS = ("password", "refresh_token")


def test_every_setting_is_documented_as_the_schema_has_it() -> None:
    table = PAGE.read_text().partition("## Settings")[2].partition("\n\n")[2].partition("\n\n")[0]
    assert table.strip().splitlines()[2:] == setting_lines(Settings)


@pytest.mark.parametrize("text", EXAMPLES, ids=["defs", "gmail", "exchange"])
def test_the_examples_can_be_copied(text: str) -> None:
    found = yaml.safe_load(text)
    source = SourceConfig.model_validate(
        found.get("attributes", {"name": "post", "plugin": "imap", **found})
    )
    assert all(value.startswith(("env:", "file:")) for value in _secrets(source))
    spec = plugin_spec(source)
    given = {name: "secret" if name in SECRETS else value for name, value in spec.config.items()}
    with PluginProcess(replace(spec, config=given)) as process:
        process.configure()


def test_the_pattern_for_gmail_means_its_mailbox() -> None:
    pattern = yaml.safe_load(EXAMPLES[1])["config"]["include"]
    assert Patterns(pattern).verdict("[Gmail]/All Mail")
    assert not Patterns(pattern).verdict("INBOX")


def _secrets(source: SourceConfig) -> list[str]:
    return [value for name, value in source.config.items() if name in SECRETS]
