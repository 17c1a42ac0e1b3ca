"""The text of a part of a mail."""

from __future__ import annotations

from dataq_analyzers.decode import Decoded, codec_name
from dataq_analyzers.mail.mime import Part
from dataq_analyzers.mail.transfer import body_of


def leaf_text(data: bytes, part: Part) -> Decoded:
    """The text of a leaf: by its charset, else UTF-8, else as Western European."""
    body = body_of(data, part)
    declared = codec_name(part.parameters.get("charset"))
    for encoding in (declared, "utf-8"):
        if encoding:
            try:
                return Decoded(body.decode(encoding), encoding)
            except (UnicodeError, ValueError):
                continue
    fallback = declared if declared and declared != "utf-8" else "cp1252"
    return Decoded(body.decode(fallback, "replace"), fallback)
