"""The kinds of mbox: what is quoted in a mail, and what tells where it ends."""

from __future__ import annotations

import re
from typing import Literal

Variant = Literal["auto", "mboxo", "mboxrd", "mboxcl", "mboxcl2"]

_FROM = re.compile(rb"^From ", re.M)
_QUOTED_ONCE = re.compile(rb"^>From ", re.M)
_QUOTED = re.compile(rb"^>(>*From )", re.M)


def counts_length(variant: Variant) -> bool:
    """Return whether Content-Length is asked where a mail ends."""
    return variant in ("auto", "mboxcl", "mboxcl2")


def unquoted(content: bytes, variant: Variant) -> bytes:
    """Return a mail without what the mailbox added to its lines.

    mboxo quotes only `From `, so that of a line `>From ` nobody knows whether it was one before;
    mboxrd and mboxcl quote what is quoted once more; mboxcl2 quotes nothing.
    """
    if b"From " not in content or variant == "mboxcl2":
        return content
    if variant == "mboxo":
        return _QUOTED_ONCE.sub(b"From ", content)
    if variant == "auto" and _FROM.search(content):
        return content
    return _QUOTED.sub(rb"\1", content)
