"""HTML: what a reader sees, with the element of each unit."""

from __future__ import annotations

import re

from dataq_analyzers.decode import decode
from dataq_analyzers.html.page import read_page
from dataq_analyzers.interface import Analysis, Content
from dataq_analyzers.tools import version_of

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]+)")
_PROLOGUE = 2_048


class HtmlAnalyzer:
    """Headings, paragraphs, lists, tables and code; no script, style or template."""

    name = "html"
    version = "1"
    media_types = ("text/html", "application/xhtml+xml")

    def tools(self) -> dict[str, str]:
        return {"selectolax": version_of("selectolax")}

    def analyze(self, content: Content) -> Analysis:
        page = read_page(decode(content.data, declared_charset(content.data)).text)
        return Analysis(page.text, page.units, page.title, page.language)


def declared_charset(data: bytes) -> str | None:
    """The charset that a page says of itself near its beginning."""
    prologue = data[:_PROLOGUE]
    found = _CHARSET.search(prologue) or _XML_ENCODING.search(prologue)
    return found.group(1).decode("ascii", "replace") if found else None


ANALYZER = HtmlAnalyzer()
