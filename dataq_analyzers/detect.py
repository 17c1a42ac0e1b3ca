"""The media type of bytes, by content first: own cheap tests for text, libmagic for the rest."""

from __future__ import annotations

from typing import NamedTuple

from dataq_analyzers.decode import MARKS, wide_encoding
from dataq_analyzers.detection import magic_library
from dataq_analyzers.detection.text_kind import MAIL_HEADER, PLAIN, mail_kind, text_kind
from dataq_analyzers.detection.zip_kind import zip_kind

HEAD = 64 * 1024
EMPTY, BINARY = "application/x-empty", "application/octet-stream"
# The encoding of text that is neither UTF-8 nor UTF-16 (RFC 1428); whoever reads it must guess.
UNKNOWN = "unknown-8bit"

# Made of letters, but not for reading, or a binary format that begins with many letters.
_DISGUISED = (
    b"%PDF", b"%!PS", b"{\\rtf", b"!<arch>", b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xff\xd8\xff",
    b"GIF8", b"\x89PNG", b"ID3", b"RIFF",
)  # fmt: skip
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27}) + b"\x7f"
_HIGH = bytes(range(128, 256))
_RENAMED = {
    "application/CDFV2": "application/x-ole-storage",
    "inode/x-empty": EMPTY,
    "text/rtf": "application/rtf",
}


class Detected(NamedTuple):
    """A media type; `encoding` of text only; `quality`: the share of characters that make sense."""

    media_type: str
    encoding: str | None = None
    quality: float = 1.0


class _Text(NamedTuple):
    text: str
    encoding: str
    quality: float


def is_text(detected: Detected) -> bool:
    """Whether the content is characters, whatever they mean."""
    return detected.encoding is not None


def detect(data: bytes, name: str = "", declared: str = "") -> Detected:
    """The type of `data` by content; `name` and `declared` decide only between kinds of text.

    Looks at the first and the last 64 KiB. Raises ToolMissing where libmagic is needed and absent.
    """
    if not data:
        return Detected(EMPTY)
    head = data[:HEAD]
    text = None if head.startswith(_DISGUISED) else _as_text(head, len(data) > HEAD)
    if text is None:
        # Mail is sent with any byte in it; what it begins with is letters all the same.
        kind = mail_kind(head[:MAIL_HEADER].decode("latin-1")) if head[:64].isascii() else None
        return Detected(kind, UNKNOWN, 0.5) if kind else Detected(_binary_kind(data, head, name))
    tail = data[-HEAD:].decode("latin-1") if len(data) > HEAD and head[:5] == b"From " else ""
    kind = text_kind(text.text, name, declared, tail)
    if text.encoding == UNKNOWN and kind == PLAIN:
        # Some binary formats pass for an old encoding; libmagic knows them better than we do.
        found = _magic(head)
        if not found.startswith(("text/", BINARY)):
            return Detected(found)
    return Detected(kind, text.encoding, round(text.quality, 4))


def _as_text(head: bytes, cut: bool) -> _Text | None:
    """The head as text, None where it is something else; `cut`: there is more behind it."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return _wide(head[len(mark) :], encoding, cut)
    if b"\0" in head:
        encoding = wide_encoding(head) or ""
        return _wide(head, encoding, cut) if encoding else None
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > max(2, len(head) // 50):
        return None
    quality = 1 - controls / len(head)
    try:
        return _Text(head.decode("utf-8"), "utf-8", quality)
    except UnicodeDecodeError as error:
        if cut and error.start >= len(head) - 3:
            return _Text(head[: error.start].decode("utf-8"), "utf-8", quality)
    return _old(head, controls)


def _wide(data: bytes, encoding: str, cut: bool) -> _Text | None:
    text = data.decode(encoding, "replace")
    if cut:
        text = text.rstrip("\ufffd")
    bad = text.count("\ufffd") + text.count("\0")
    if bad > len(text) // 5:
        return None
    return _Text(text, encoding, 1 - bad / max(1, len(text)))


def _old(head: bytes, controls: int) -> _Text | None:
    """Text in an encoding of one or two bytes a character, or UTF-8 with mistakes."""
    if controls > len(head) // 500:
        return None
    text = head.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    high = len(head) - len(head.translate(None, _HIGH))
    if bad * 4 < high:
        return _Text(text, "utf-8", 1 - (bad + controls) / len(text))
    # A text of Western Europe has few high bytes, one of Russia or Asia is nearly nothing else;
    # what is compressed has them in half of all places, and hardly a line.
    if 0.3 < high / len(head) < 0.6 and b"\n" not in head[:2048]:
        return None
    return _Text(head.decode("cp1252", "replace"), UNKNOWN, 0.9)


def _binary_kind(data: bytes, head: bytes, name: str) -> str:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return zip_kind(data, name)
    found = _magic(head)
    # Nothing but a few small numbers marks a TGA, unless it is one of the newer ones.
    weak = found == "image/x-tga" and b"TRUEVISION" not in data[-64:]
    return BINARY if weak or found.startswith("text/") else found


def _magic(head: bytes) -> str:
    found = magic_library.media_type(head)
    return _RENAMED.get(found, found)
