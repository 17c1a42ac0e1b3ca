"""A mail as an item: its bytes, its time, and what Gmail says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dataq_plugins.sdk import Item
from dataq_plugins.sources.gmail.fetching import Fetched
from dataq_plugins.sources.gmail.message import Message

RAW_TYPE = "message/rfc822"
TOLD_TYPE = "application/vnd.google.gmail.message+json"
MS = 1_000_000


def item_of(
    fetched: Fetched, message: Message, labels: list[str], account: str, max_bytes: int
) -> Item:
    """Return the item of a mail that has these labels, by name."""
    told = fetched.told
    content = (message.raw or b"") if told is None else canonical(told)
    problem = fetched.problem
    if len(content) > max_bytes:
        problem = f"too_large: {len(content):,} bytes are more than max_bytes ({max_bytes:,})"
    return Item(
        message.id,
        b"" if problem else content,
        None,
        RAW_TYPE if told is None else TOLD_TYPE,
        {
            "labels": json.dumps(labels, ensure_ascii=False),
            "gmail.account": account,
            "gmail.message_id": message.id,
            "gmail.thread_id": message.thread_id,
            "gmail.internal_date": str(message.internal_ms),
            "gmail.size_estimate": str(message.size_estimate),
        },
        problem=problem,
        timestamp_ns=message.internal_ms * MS,
    )


def gone(message: str, internal_ms: int, why: str) -> Item:
    """Return the deletion of a mail; `why` is deleted, trash or spam."""
    return Item(message, timestamp_ns=internal_ms * MS, op="delete", metadata={"gmail.gone": why})


def canonical(told: Mapping[str, Any]) -> bytes:
    """Return an answer of messages.get as bytes that are the same as long as the mail is.

    Without historyId, which may grow with nothing changed.
    """
    kept = {name: value for name, value in told.items() if name != "historyId"}
    kept["labelIds"] = sorted(kept.get("labelIds", ()))
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # Half a surrogate pair has no UTF-8; as \ud83d it is still the same JSON.
    return text.encode("utf-8", "backslashreplace")
