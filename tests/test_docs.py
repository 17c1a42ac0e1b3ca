"""The documentation names everything that can be used, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from dataq_assets.stages.check import checks_of
from dataq_assets.stages.deep_check import deep_checks
from dataq_lake.schemas import TABLES
from dataq_plugins.registry import destinations, plugins
from dataq_resources.destinations import DestinationConfig

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PACKAGES = ("plugins", "analyzers", "lake", "resources", "assets", "gateway")
SETTING = re.compile(r"\bDATAQ_[A-Z][A-Z_]+\b")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)|!\[[^\]]*\]\(([^)\s]+)\)")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def test_generated_pages_are_up_to_date() -> None:
    for name, write in generator().PAGES.items():
        assert (DOCS / name).read_text(encoding="utf-8") == write(), f"run make docs: {name} is old"


def test_every_command_says_what_it_does() -> None:
    for path, command in generator().every_command():
        assert command.help, path
        first = command.get_short_help_str(60)
        assert len(first) > 10, path
        assert path == "dataq" or not first.endswith("..."), f"{path}: first line too long"


@pytest.mark.parametrize("table", [*TABLES, "raw"])
def test_every_table_is_documented(table: str) -> None:
    assert f"`{table}`" in (DOCS / "lake.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(plugins()))
def test_every_plugin_and_its_settings_are_documented(name: str) -> None:
    from dataq_plugins.host import PluginProcess, PluginSpec

    with PluginProcess(PluginSpec("docs", plugins()[name].argv)) as plugin:
        schema = plugin.describe().config_schema
    page = (DOCS / "sources" / f"{name}.md").read_text(encoding="utf-8")
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert [each for each in properties if f"`{each}`" not in page] == []


@pytest.mark.parametrize("name", sorted(destinations()))
def test_every_destination_and_its_settings_are_documented(name: str) -> None:
    from dataq_plugins.host import PluginProcess, PluginSpec

    with PluginProcess(PluginSpec("docs", destinations()[name].argv)) as plugin:
        schema = plugin.describe().config_schema
    page = (DOCS / "destinations.md").read_text(encoding="utf-8")
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert f"`{name}`" in page
    assert [each for each in properties if f"`{each}`" not in page] == []


def test_every_field_of_a_destination_is_documented() -> None:
    page = (DOCS / "destinations.md").read_text(encoding="utf-8")
    assert [each for each in DestinationConfig.model_fields if f"`{each}`" not in page] == []


def test_every_deep_check_is_documented() -> None:
    page = (DOCS / "trust.md").read_text(encoding="utf-8")
    assert [each.name for each in deep_checks() if f"`{each.name}`" not in page] == []


def test_every_check_is_documented_with_its_severity() -> None:
    page = (DOCS / "checks.md").read_text(encoding="utf-8")
    said = [(each, f"| `{each.name}` | {each.severity}") for each in checks_of(["source"])]
    wanted = [f"{start}{', blocking' * each.blocking} |" for each, start in said]
    assert [each for each in wanted if each not in page] == []


def test_the_example_for_github_actions_can_be_done() -> None:
    page = (DOCS / "checks.md").read_text(encoding="utf-8")
    _, found, rest = page.partition("### GitHub Actions\n\n```yaml\n")
    assert found
    steps = yaml.safe_load(rest.partition("```")[0])["jobs"]["check"]["steps"]
    done = [step["run"].split() for step in steps if "run" in step]
    assert done[0][0] == "make"
    assert re.search(rf"^{done[0][1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    program, name, *words = done[1]
    assert program.endswith("bin/dataq")
    command = dict(generator().every_command())[f"dataq {name}"]
    command.make_context(name, list(words))  # raises for words that it does not know
    read = [step["with"] for step in steps if step.get("if") == "always()"]
    assert {name for each in read for name in each.values()} >= {words[-1]}


def test_every_setting_is_documented() -> None:
    used = set()
    for package in PACKAGES:
        for path in (ROOT / f"dataq_{package}").rglob("*.py"):
            used.update(SETTING.findall(path.read_text(encoding="utf-8")))
    for path in (ROOT / "Makefile", ROOT / "tests" / "conftest.py"):
        used.update(SETTING.findall(path.read_text(encoding="utf-8")))
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert sorted(each for each in used if f"`{each}`" not in page) == []


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    here = {str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md")} - {"README.md"}
    assert sorted(each for each in here if each not in index and "decisions/" not in each) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [a or b for a, b in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [each for each in targets if not re.match(r"[a-z]+:", each)]
    assert [each for each in local if not (page.parent / each).exists()] == []
