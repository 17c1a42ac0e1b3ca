"""defs.yaml: written, read back, and what is wrong with one, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_resources.errors import FixSource, SourceExists, UnknownSource
from dataq_resources.home import Home
from dataq_resources.sources import (
    SourceConfig,
    load_sources,
    plugin_spec,
    read_source,
    read_sources,
    remove_source,
    write_source,
)

GOOD = """\
type: dataq_assets.components.SourcePlugin
attributes:
  name: notes
  plugin: file_scanner
  config:
    root: /srv/notes
    hidden: true
    include: ["*.md"]
  limits:
    silence_seconds: 5
    frame_bytes: 1000000
  transform:
    - name: redact
      when: {source_id: "*.log"}
"""


def written(home: Path, text: str, name: str = "notes") -> Path:
    path = home / "sources" / name / "defs.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_source_is_read_with_all_its_settings(home: Path) -> None:
    source = read_source(written(home, GOOD))
    assert (source.name, source.plugin, source.window) == ("notes", "file_scanner", "monthly")
    spec = plugin_spec(source)
    assert spec.config == {"root": "/srv/notes", "hidden": "true", "include": '["*.md"]'}
    assert (spec.limits.silence_seconds, spec.limits.frame_bytes) == (5, 1_000_000)
    assert spec.argv[-1] == "dataq_plugins.sources.file_scanner"


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("plugin: file_scanner", "plugin: [1"), 5, "expected ',' or ']'"),
        (("plugin: file_scanner", "plugn: file_scanner"), 4, "attributes.plugn: Extra inputs"),
        (("  plugin: file_scanner\n", ""), 2, "give either plugin or command"),
        (("name: notes", "name: Notes!"), 3, "attributes.name: use a to z"),
        (("name: notes", "name: other"), 3, "is in the folder 'notes'"),
        (("silence_seconds", "silense"), 9, "no limit 'silense'"),
        (("limits:", "pool: Gmail!\n  limits:"), 9, "attributes.pool: use a to z"),
        (("limits:", "window: weekly\n  limits:"), 9, "attributes.window"),
        (("dataq_assets.components.SourcePlugin", "os.system"), 1, "type must be"),
    ],
)
def test_mistakes_are_named_with_their_line(
    home: Path, change: tuple[str, str], line: int, reason: str
) -> None:
    path = written(home, GOOD.replace(*change))
    with pytest.raises(FixSource) as caught:
        read_source(path)
    assert reason in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")
    assert caught.value.line == line


def test_a_broken_source_costs_only_itself(home: Path) -> None:
    written(home, GOOD)
    written(home, "- nothing", "broken")
    found = read_sources(home)
    assert [source.name for source in found.good] == ["notes"]
    assert [error.path.parent.name for error in found.broken] == ["broken"]


def test_writing_twice_is_refused_and_removing_keeps_the_rest(home: Path) -> None:
    place = Home(home)
    source = SourceConfig(name="one", plugin="file_scanner", config={"root": "/a"})
    path = write_source(place, source)
    assert read_source(path) == source
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SourceExists, match="one"):
        write_source(place, source)
    write_source(place, source.model_copy(update={"window": "daily"}), replace=True)
    assert load_sources(place)[0].window == "daily"
    (path.parent / "notes.txt").write_text("mine")
    remove_source(place, "one")
    assert (path.parent / "notes.txt").exists()
    with pytest.raises(UnknownSource, match="there is none"):
        remove_source(place, "one")
    with pytest.raises(UnknownSource):
        remove_source(place, "../one")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(
    config=st.dictionaries(st.text(min_size=1), values, max_size=4),
    command=st.lists(st.text(st.characters(exclude_characters="\0")), min_size=1, max_size=3),
)
def test_any_settings_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, config: dict[str, object], command: list[str]
) -> None:
    place = Home(tmp_path_factory.mktemp("home"))
    source = SourceConfig(name="any", command=tuple(command), config=config)
    assert read_source(write_source(place, source)) == source
