"""What two settings say: how many neighbours an asset has, and how near."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from dataq_lake.errors import FixTheCall

MOST = 1_000


@dataclass(frozen=True)
class LikenessSettings:
    """At most `count` neighbours of an asset, whose cosine to it is `least` or more."""

    count: int = 10
    least: float = 0.75


def likeness_settings(settings: Mapping[str, str] = os.environ) -> LikenessSettings:
    """The settings; raises FixTheCall naming the one that is wrong."""
    usual = LikenessSettings()
    count = _number(settings, "DATAQ_SIMILAR_COUNT", usual.count)
    least = _number(settings, "DATAQ_SIMILAR_LEAST", usual.least)
    if not (1 <= count <= MOST and count == int(count)):
        raise FixTheCall(f"DATAQ_SIMILAR_COUNT is {count:g}: write a whole number, 1 to {MOST:,}")
    if not 0 < least <= 1:
        raise FixTheCall(f"DATAQ_SIMILAR_LEAST is {least:g}: write a cosine above 0, up to 1")
    return LikenessSettings(int(count), least)


def _number(settings: Mapping[str, str], name: str, usual: float) -> float:
    text = settings.get(name) or str(usual)
    try:
        return float(text)
    except ValueError:
        raise FixTheCall(f"{name} is {text[:32]!r}: write a number") from None
