"""Brings text to one form: UTF-8 without a byte order mark, Unicode NFC, lines that end with LF."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from dataq_assets.stages.transform import CannotTransform, Payload


def apply(payload: Payload) -> Payload:
    """The same text in its one form; what is not text comes back as it is."""
    if payload.encoding is None:
        return payload
    text = read_text(payload).removeprefix("\ufeff")
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return replace(payload, data=text.encode(), encoding="utf-8")


def read_text(payload: Payload) -> str:
    """The text in the bytes. Raises CannotTransform where the encoding does not hold."""
    try:
        return payload.data.decode(payload.encoding or "utf-8")
    except (UnicodeDecodeError, LookupError) as error:
        raise CannotTransform(f"is not valid {payload.encoding}: {error}") from None
