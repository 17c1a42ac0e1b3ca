"""What kind of markup a text is that begins with "<"."""

from __future__ import annotations

import re

HTML, XML, XHTML = "text/html", "application/xml", "application/xhtml+xml"

# Possessive: a page of many comments could else be read in exponentially many ways.
_SURELY_HTML = re.compile(r"(?:<!--.*?-->\s*)*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_HTML_TAGS = frozenset({
    "a", "abbr", "address", "article", "aside", "b", "base", "blockquote", "body", "br",
    "button", "caption", "center", "code", "div", "dl", "dt", "em", "fieldset", "font",
    "footer", "form", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr",
    "html", "i", "iframe", "img", "input", "li", "link", "main", "meta", "nav", "noscript",
    "ol", "p", "pre", "script", "section", "select", "small", "span", "strong", "style", "sub",
    "sup", "table", "tbody", "td", "template", "textarea", "th", "thead", "title", "tr", "tt",
    "u", "ul",
})  # fmt: skip
# Past declarations, comments and instructions, the first element and its local name.
_ROOT = re.compile(
    r"(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>|\s+)*+<([\w.-]+:)?([\w.-]+)([^>]*)",
    re.S | re.I,
)
_BY_ROOT = {
    "feed": "application/atom+xml",
    "gpx": "application/gpx+xml",
    "kml": "application/vnd.google-earth.kml+xml",
    "rdf": "application/rdf+xml",
    "rss": "application/rss+xml",
    "svg": "image/svg+xml",
    "xmpmeta": "application/rdf+xml",
}
_LOOK = 16_384


def markup_kind(start: str, promised: str | None) -> str | None:
    """The media type of a text whose first character is "<", None where it is no markup."""
    start = start[:_LOOK]
    match = _ROOT.match(start)
    root = match.group(2).lower() if match else ""
    if root in _BY_ROOT:
        return _BY_ROOT[root]
    declared_xml = start.startswith("<?xml")
    if root == "html" and declared_xml:
        return XHTML
    if _SURELY_HTML.match(start) or root == "html":
        return HTML
    if declared_xml or start.startswith("<?xpacket"):
        return XML
    # Many a Markdown page begins with a piece of HTML: there the name decides.
    if promised and promised not in (HTML, XML, XHTML):
        return None
    if root in _HTML_TAGS:
        return HTML
    return XML if match and _is_xml(start, match) else None


def _is_xml(start: str, root: re.Match[str]) -> bool:
    prefix, name, attributes = root.group(1) or "", root.group(2), root.group(3)
    if "xmlns" in attributes or start.startswith("<!DOCTYPE"):
        return True
    closed = f"</{prefix}{name}>" in start or attributes.rstrip().endswith("/")
    return closed or re.search(r"\s[\w:.-]+\s*=\s*[\"']", attributes) is not None
