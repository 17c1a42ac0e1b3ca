"""A mail as a row: what its header says, and what its source says of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any

from dataq_lake.ids import make_id
from dataq_lake.lake import Lake

_LONGEST = 100_000


def message_row(
    asset_id: str, text: Mapping[str, Any], told: Mapping[str, str], run_id: str
) -> dict[str, Any]:
    """The row without its thread; `told` is the metadata of the item that the mail is.

    Labels and flags are those that the source has now; without them the header's.
    """
    mail = text["mail"] or {}
    row = {"asset_id": asset_id, **text["message"], **mail, "run_id": run_id}
    if "labels" in told:
        row["labels"] = listed(told["labels"])
    return {
        **row,
        "has_attachments": bool(mail.get("attachments")),
        "mailbox": told.get("mailbox"),
        "flags": listed(told.get("flags", "")),
        "identity": identity(row),
    }


def identity(row: Mapping[str, Any]) -> str | None:
    """What copies of one mail have in common, null for mails without a Message-ID.

    An id alone proves nothing: sender, date and body have to be the same as well.
    """
    if not row["message_id"] or not row.get("body_hash"):
        return None
    sender = (row.get("from_address") or row["from"] or "").lower()
    return make_id("mail", row["message_id"], sender, str(row["date"]), row["body_hash"])


def listed(value: str) -> list[str]:
    """A list in metadata, as JSON or as a line of CSV; each element once."""
    found: Iterable[Any] = ()
    if value.lstrip().startswith("["):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = ()
    elif value and len(value) < _LONGEST:
        found = (each for row in csv.reader([value]) for each in row)
    return list(dict.fromkeys(each for each in found if isinstance(each, str) and each))


def told_of(lake: Lake, sources: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The metadata of items by their ids; `sources` has the source of each."""
    by_source: dict[str, list[str]] = {}
    for item_id, source in sources.items():
        by_source.setdefault(source, []).append(item_id)
    return {
        row["item_id"]: dict(row["metadata"] or ())
        for source, items in by_source.items()
        for batch in lake.raw(source).rows(items, ["item_id", "metadata"])
        for row in batch.to_pylist()
    }
