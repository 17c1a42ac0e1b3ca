"""Undoes the `content_encoding` that the metadata name: base64, quoted-printable, gzip."""

from __future__ import annotations

import base64
import binascii
import quopri
import zlib
from dataclasses import replace

from dataq_assets.stages.transform import CannotTransform, Payload

MAX_BYTES = 1 << 30
GZIP_WINDOW = 31  # zlib's way to say: expect a gzip header


def apply(payload: Payload) -> Payload:
    """The decoded bytes; unchanged where no encoding is named. Raises CannotTransform."""
    name = payload.metadata.get("content_encoding", "").strip().lower()
    try:
        match name:
            case "" | "identity" | "7bit" | "8bit" | "binary":
                return payload
            case "base64":
                data = base64.b64decode(b"".join(payload.data.split()), validate=True)
            case "quoted-printable":
                data = quopri.decodestring(payload.data)
            case "gzip":
                data = _gunzip(payload.data)
            case _:
                raise CannotTransform(f"content_encoding {name!r} is not known")
    except (binascii.Error, zlib.error) as error:
        raise CannotTransform(
            f"content_encoding says {name}, but the bytes are not: {error}"
        ) from None
    return replace(payload, data=data)


def _gunzip(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(GZIP_WINDOW)
    out = unpacker.decompress(data, MAX_BYTES)
    if unpacker.unconsumed_tail:
        raise CannotTransform(f"unpacks to more than {MAX_BYTES} bytes")
    if not unpacker.eof:
        raise CannotTransform("the gzip stream is cut off")
    return out
