"""Keeps an item from everything downstream; its raw row stays."""

from __future__ import annotations

from dataq_assets.stages.transform import Dropped, Payload


def apply(payload: Payload) -> Payload:  # noqa: ARG001 - as all transformations
    """Never returns: raises Dropped."""
    raise Dropped("the source's settings drop it")
