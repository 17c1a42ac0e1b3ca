"""The media type of bytes, by content first: own cheap tests for text, libmagic for the rest."""

from __future__ import annotations

import re
from typing import NamedTuple

from dataq_analyzers import magic_library
from dataq_analyzers.decode import codec_name, wide_encoding
from dataq_analyzers.extensions import BY_INTERPRETER, named_type
from dataq_analyzers.zip_kind import zip_kind

HEAD = 64 * 1024
EMPTY, BINARY = "application/x-empty", "application/octet-stream"


class Detected(NamedTuple):
    """A media type; `encoding` only of text; `quality`: the share of characters that make sense."""

    media_type: str
    encoding: str | None = None
    quality: float = 1.0


def is_text(detected: Detected) -> bool:
    """Whether the content is characters, whatever they mean."""
    return detected.encoding is not None


_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Text by its bytes, but not for reading: libmagic knows these.
_DISGUISED = (b"%PDF", b"%!PS", b"{\\rtf", b"!<arch>", b"\x1b")
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27}) + b"\x7f"


def detect(data: bytes, name: str = "", declared: str = "") -> Detected:
    """The type of `data` by content; `name` and `declared` decide only between kinds of text.

    Looks at the first 64 KiB, and at the end of a zip. Raises ToolMissing where libmagic is needed
    and absent.
    """
    if not data:
        return Detected(EMPTY)
    head = bytes(data[:HEAD])
    if not head.startswith(_DISGUISED):
        text = _as_text(head, len(data) > HEAD)
        if text is not None:
            sample, encoding, quality = text
            return Detected(text_kind(sample, name, declared), encoding, quality)
    return Detected(_binary_kind(data, head))


def _as_text(head: bytes, cut: bool) -> tuple[str, str, float] | None:
    """The head as text, its encoding and quality; None where it is something else."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _scored(head[len(mark) :], encoding, cut)
    if b"\0" in head:
        wide = wide_encoding(head)
        return _scored(head, wide, cut) if wide else None
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > len(head) // 50:
        return None
    try:
        return head.decode("utf-8"), "utf-8", 1 - controls / len(head)
    except UnicodeDecodeError as error:
        if cut and error.start >= len(head) - 3:
            return head[: error.start].decode("utf-8"), "utf-8", 1 - controls / len(head)
    return _old_text(head, controls)


def _scored(data: bytes, encoding: str, cut: bool) -> tuple[str, str, float] | None:
    text = data.decode(encoding, "replace")
    if cut:
        text = text.rstrip("\ufffd")
    bad = text.count("\ufffd") + text.count("\0")
    if bad > len(text) // 5:
        return None
    return text, encoding, 1 - bad / max(1, len(text))


def _old_text(head: bytes, controls: int) -> tuple[str, str, float] | None:
    """Text in an encoding of one or two bytes: hardly any controls, also not in 0x80 to 0x9f."""
    if head.startswith((b"PK", b"\x1f\x8b", b"BZh", b"\xff\xd8", b"GIF8", b"\x89PNG", b"ID3")):
        return None
    if controls > len(head) // 500:
        return None
    high = len(head) - len(head.translate(None, bytes(range(128, 256))))
    # A text of Western Europe has few of them; one of Asia or Russia is nearly nothing else.
    plausible = high < len(head) * 0.3 or b"\n" in head or high > len(head) * 0.6
    return (head.decode("cp1252", "replace"), "unknown-8bit", 0.9) if plausible else None


_HEADER = re.compile(r"(?:From [^\n]*\n)?(?:>From [^\n]*\n)?((?:[!-9;-~]{1,78}:[^\n]*\n(?:[ \t][^\n]*\n)*)+)")
_MAIL_FIELDS = re.compile(
    r"^(from|to|cc|subject|date|received|message-id|mime-version|return-path|delivered-to|sender|"
    r"reply-to|in-reply-to|references|content-type|x-mailer):", re.I | re.M
)
_HTML = re.compile(r"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(!doctype\s+html|html|head|body|title|table|div|p|h1|meta|script|a\s)\b", re.I | re.S)
_XML = re.compile(r"\s*(?:<\?xml|<!DOCTYPE\s+(?!html)|<!--|<[\w:]+\s[^>]*\bxmlns)", re.I)
_ROOT = re.compile(r"(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>|\s)*<(?:[\w.-]+:)?([\w.-]+)", re.S)
_XML_KINDS = {
    "atom": "application/atom+xml",
    "feed": "application/atom+xml",
    "gpx": "application/gpx+xml",
    "html": "application/xhtml+xml",
    "kml": "application/vnd.google-earth.kml+xml",
    "rdf": "application/rdf+xml",
    "rss": "application/rss+xml",
    "svg": "image/svg+xml",
}
_OPENINGS = (
    ("BEGIN:VCALENDAR", "text/calendar"),
    ("BEGIN:VCARD", "text/vcard"),
    ("WEBVTT", "text/vtt"),
)
_TABLES = {"text/csv", "text/tab-separated-values"}
_JSON = re.compile(r"\s*[\[{]")
_SHEBANG = re.compile(r"#!\s*\S*?([a-z]+)[\d.]*(?:[ \t]+(?:-\S+[ \t]+)*([a-z]+))?")


def text_kind(text: str, name: str = "", declared: str = "") -> str:
    """The media type of a text that begins with `text`."""
    promised = named_type(name) or _declared_text(declared)
    start = text.lstrip("\ufeff \t\r\n")
    for opening, kind in _OPENINGS:
        if start.startswith(opening):
            return kind
    if is_mail(text) or promised == "message/rfc822" and _HEADER.match(text):
        return "application/mbox" if promised == "application/mbox" else "message/rfc822"
    if start.startswith("<"):
        return _markup_kind(start, promised)
    if _JSON.match(start) and promised not in ("text/markdown", "text/plain") or promised == "application/x-ndjson":
        kind = _json_kind(start, promised)
        if kind:
            return kind
    if start.startswith("#!"):
        return _interpreted(start) or promised or "text/plain"
    if promised in (None, "text/plain") and (table := _table_kind(start)) and promised is None:
        return table
    if promised in ("application/json", "application/x-ndjson", "text/html", "message/rfc822", "application/xhtml+xml"):
        return promised if promised == "text/html" and "<" in text else "text/plain"
    return promised or "text/plain"


def is_mail(text: str) -> bool:
    """Whether a text begins with the header of a mail."""
    match = _HEADER.match(text.replace("\r\n", "\n", 200) if "\r" in text[:2000] else text)
    if match is None:
        return False
    known = {field.lower() for field in _MAIL_FIELDS.findall(match.group(1))}
    return len(known) >= 3 or (len(known) >= 2 and bool(known & {"received", "message-id", "return-path", "mime-version", "from"}))


def _declared_text(declared: str) -> str | None:
    kind = declared.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in ("application/json", "application/x-ndjson", "message/rfc822"):
        return kind
    return None


def _markup_kind(start: str, promised: str | None) -> str:
    root = _ROOT.match(start)
    name = root.group(1).lower() if root else ""
    if name in _XML_KINDS and (name != "html" or "xhtml" in start[:1000]):
        if name != "html" or start.startswith("<?xml"):
            return _XML_KINDS[name]
    if _HTML.match(start) or "<html" in start[:1000].lower():
        return "text/html"
    if _XML.match(start):
        return "application/xml"
    if promised and promised != "text/plain":
        return promised
    return "text/html" if re.match(r"<[a-zA-Z!/][^<>]*>", start) and "</" in start[:4000] else "text/plain"


def _json_kind(start: str, promised: str | None) -> str | None:
    import json

    decoder = json.JSONDecoder()
    try:
        _, end = decoder.raw_decode(start)
    except RecursionError:
        return "application/json"
    except ValueError as error:
        # The head ends in the middle of a large document: what there is of it must be sound.
        position = getattr(error, "pos", 0)
        if len(start) > HEAD // 2 and position > len(start) - 200 or promised in ("application/json", "application/geo+json"):
            return promised or "application/json"
        return None
    rest = start[end:].lstrip()
    if not rest:
        return promised if promised and "json" in promised else "application/json"
    if rest[0] in "[{" and "\n" in start[end : end + 3]:
        return "application/x-ndjson"
    return None


def _interpreted(start: str) -> str | None:
    match = _SHEBANG.match(start)
    if match is None:
        return None
    program = match.group(2) if match.group(1) == "env" else match.group(1)
    return BY_INTERPRETER.get(program or "")


def _table_kind(start: str) -> str | None:
    lines = start[:8192].splitlines()[:12]
    if len(lines) < 3:
        return None
    for delimiter, kind in (("\t", "text/tab-separated-values"), (",", "text/csv"), (";", "text/csv")):
        counts = {line.count(delimiter) for line in lines[:-1] if line.strip()}
        if len(counts) == 1 and counts.pop() >= 2:
            return kind
    return None


def _binary_kind(data: bytes, head: bytes) -> str:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return zip_kind(data)
    found = magic_library.media_type(head)
    if found.startswith("text/") and found != "text/rtf":
        return BINARY
    return "application/rtf" if found == "text/rtf" else found
