"""The hash by which texts are known to be equal."""

from __future__ import annotations

from hashlib import sha256


def hash_of(text: str) -> str:
    """The SHA-256 of a text in UTF-8, as hex; lone surrogates count as they are."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
