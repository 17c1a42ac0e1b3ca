"""Plain text, and every text/* that no other analyzer names: paragraphs."""

from __future__ import annotations

from dataq_analyzers.decode import Locator, decode
from dataq_analyzers.interface import Analysis, Content
from dataq_analyzers.segments import pack, paragraphs


class TextAnalyzer:
    """Paragraphs between blank lines, small ones joined and long ones cut."""

    name = "text"
    version = "1"
    media_types = (
        "text/plain",
        "text/*",
        "application/sql",
        "application/toml",
        "application/x-subrip",
        "application/yaml",
    )

    def tools(self) -> dict[str, str]:
        return {}

    def analyze(self, content: Content) -> Analysis:
        decoded = decode(content.data)
        text = decoded.text
        units = Locator(decoded).units(pack(text, paragraphs(text)))
        return Analysis(text, units, title=title_of(text))


def title_of(text: str) -> str | None:
    """The first line, where it has words and is short enough to be a title."""
    first = text.lstrip("\ufeff \t\r\n")[:200].partition("\n")[0].strip()
    return first if len(first) <= 120 and any(char.isalpha() for char in first) else None


ANALYZER = TextAnalyzer()
