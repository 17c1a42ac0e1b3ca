"""Whatever a row refers to is there."""

from __future__ import annotations

from collections.abc import Iterator

from dataq_assets.stages.deep_check import Finding, Look
from dataq_lake.key_hashes import count, keys_of, missing

NAME = "references_resolve"
UNIT = "columns"
REFERENCES = (
    ("items", "item_id", "raw", "item_id"),
    ("quarantine", "item_id", "raw", "item_id"),
    ("assets", "item_id", "items", "item_id"),
    ("assets", "parent_id", "assets", "id"),
    ("assets", "duplicate_of", "assets", "id"),
    ("entities", "version_of", "assets", "id"),
    ("texts", "content_hash", "assets", "file_hash"),
    ("analyses", "text_id", "texts", "id"),
    ("messages", "asset_id", "assets", "id"),
    ("events", "asset_id", "assets", "id"),
    ("segments", "asset_id", "assets", "id"),
    ("segments", "text_id", "texts", "id"),
    ("embeddings", "text_hash", "segments", "text_hash"),
)
"""Table and column, and where the same value has to be."""


def findings(at: Look) -> Iterator[Finding]:
    """The references to nothing; none is judged where either table is damaged."""
    for done, (table, column, other, key) in enumerate(REFERENCES):
        at.tell(NAME, done, len(REFERENCES))
        if not at.whole(table, other):
            continue
        handles, there = at.handles(table), at.handles(other)
        lost, first = missing(keys_of(handles, [column]), keys_of(there, [key]), count(there))
        if lost:
            reason = f"{lost} values of {column} are not in {other}, {first} among them"
            yield Finding(NAME, table, reason, "derive", table)
    at.tell(NAME, len(REFERENCES), len(REFERENCES))
