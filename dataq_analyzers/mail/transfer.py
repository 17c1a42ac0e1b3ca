"""Undoes the transfer encoding of a part (RFC 2045), as far as it can be undone."""

from __future__ import annotations

import binascii
import re

from dataq_analyzers.mail.mime import Part

_BASE64_JUNK = re.compile(rb"[^A-Za-z0-9+/]+")
_UU_BODY = re.compile(rb"^begin [0-7]{3,4} [^\n]*\n(.*?)^end\b", re.M | re.S)


def body_of(data: bytes, part: Part) -> bytes:
    """The bytes of a leaf with its transfer encoding undone, as far as it can be."""
    body = data[part.start : part.end]
    encoding = transfer_encoding(part)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding == "base64":
        return _base64(body)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        return _uudecode(body)
    return body


def transfer_encoding(part: Part) -> str:
    """The Content-Transfer-Encoding, lower case; "" where the bytes stand as they are."""
    raw = part.headers.first(b"content-transfer-encoding")
    if not raw:
        return ""
    name = raw.strip().lower().decode("ascii", "replace")
    return "" if name in ("7bit", "8bit", "binary") else name


def _base64(body: bytes) -> bytes:
    # Padding in the middle ends nothing: some senders encode and join pieces.
    clean = _BASE64_JUNK.sub(b"", body)
    clean += b"=" * (-len(clean) % 4)
    try:
        return binascii.a2b_base64(clean)
    except binascii.Error:
        # One character too many: drop it rather than the rest.
        try:
            return binascii.a2b_base64(clean.rstrip(b"=")[:-1])
        except binascii.Error:
            return b""


def _uudecode(body: bytes) -> bytes:
    match = _UU_BODY.search(body)
    if match is None:
        return body
    found = b""
    for line in match.group(1).splitlines():
        try:
            found += binascii.a2b_uu(line)
        except binascii.Error:
            # Old encoders write too many characters; the first one says how many count.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                found += binascii.a2b_uu(line[:count])
            except binascii.Error:
                continue
    return found
