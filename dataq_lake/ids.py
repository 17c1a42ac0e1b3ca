"""Ids that say the same thing the same way every time: 128 bits of BLAKE2b as 32 hex digits."""

from __future__ import annotations

from hashlib import blake2b


def make_id(*parts: str | int | None) -> str:
    """The id of `parts` in order; None and "" differ, and no two splits of one text collide."""
    digest = blake2b(digest_size=16)
    for part in parts:
        if part is None:
            digest.update(b"-")
            continue
        data = str(part).encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()
