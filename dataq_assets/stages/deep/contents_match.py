"""Contents and texts that lie in rows have the hash that their row says."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pyarrow as pa

from dataq_assets.stages.deep_check import Finding, Look, remedy_for
from dataq_lake.interface import LakeTable

NAME = "contents_match"
UNIT = "rows"
HASHED = (
    ("raw", "payload", "content_hash"),
    ("items", "payload", "content_hash"),
    ("assets", "payload", "file_hash"),
    ("texts", "text", "text_hash"),
    ("segments", "text", "text_hash"),
)
ADVICE = "restore the table from a backup; `dataq run --full` archives what the source still has"


def findings(at: Look) -> Iterator[Finding]:
    """The rows whose bytes are others than those that were hashed."""
    work = [
        (handle, content, hashed) for name, content, hashed in HASHED for handle in at.handles(name)
    ]
    total = sum(handle.count() for handle, _, _ in work)
    done = 0
    for handle, content, expected in work:
        wrong, first = 0, ""
        for batch in handle.batches([handle.table.key[0], content, expected]):
            bad = _wrong(batch)
            wrong, first = wrong + len(bad), first or next(iter(bad), "")
            done += batch.num_rows
            at.tell(NAME, done, total)
        if wrong:
            yield _finding(handle, content, wrong, first)


def _wrong(batch: pa.RecordBatch) -> list[str]:
    """The ids of the rows with another hash; rows without content or hash have none to differ."""
    ids, contents, hashes = (batch.column(number) for number in range(3))
    bad = []
    for row in range(batch.num_rows):
        content, expected = contents[row].as_py(), hashes[row].as_py()
        if content is None or not expected:
            continue
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        if sha256(data).hexdigest() != expected:
            bad.append(str(ids[row].as_py()))
    return bad


def _finding(handle: LakeTable, content: str, wrong: int, first: str) -> Finding:
    remedy, target = remedy_for(handle.name)
    reason = f"{wrong} rows have another {content} than their hash says, {first} among them"
    advice = ADVICE if remedy == "none" else ""
    return Finding(NAME, handle.name, reason, remedy, target, advice)
