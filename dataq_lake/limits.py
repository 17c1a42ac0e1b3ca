"""How much memory, time and disk one question in SQL may take."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dataq_lake.errors import FixTheCall

_SIZE = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?B|B)", re.I)


@dataclass(frozen=True)
class Limits:
    """`memory` and `spill` (what may go to disk meanwhile) as in 2GB, `seconds` of work."""

    memory: str = "2GB"
    seconds: float = 300.0
    spill: str = "10GB"

    def __post_init__(self) -> None:
        for name in ("memory", "spill"):
            text = getattr(self, name)
            if not _SIZE.fullmatch(text):
                raise FixTheCall(f"{name} {text[:32]!r} is no size: write 500MB or 4GB")
        if not self.seconds > 0:
            raise FixTheCall(f"a question needs more than {self.seconds:g} seconds")

    def but(self, memory: str | None = None, seconds: float | None = None) -> Limits:
        """These limits with other ones in their place; None changes nothing."""
        return replace(self, memory=memory or self.memory, seconds=seconds or self.seconds)


def limits_from(settings: Mapping[str, str] = os.environ) -> Limits:
    """The limits that DATAQ_SQL_MEMORY, DATAQ_SQL_SECONDS and DATAQ_SQL_SPILL set."""
    usual = Limits()
    seconds = settings.get("DATAQ_SQL_SECONDS") or str(usual.seconds)
    try:
        return Limits(
            settings.get("DATAQ_SQL_MEMORY") or usual.memory,
            float(seconds),
            settings.get("DATAQ_SQL_SPILL") or usual.spill,
        )
    except ValueError:
        raise FixTheCall(f"DATAQ_SQL_SECONDS is {seconds!r}: write a number of seconds") from None
