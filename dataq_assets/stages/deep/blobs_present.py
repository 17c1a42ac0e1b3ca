"""Every blob that a row names is in the store."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dataq_assets.stages.deep_check import Finding, Look
from dataq_lake.interface import LakeTable

NAME = "blobs_present"
UNIT = "tables"
NAMING = (("raw", "blob_uri"), ("items", "blob_uri"), ("assets", "storage_path"))


def findings(at: Look) -> Iterator[Finding]:
    """The blobs that are named and not there, each once."""
    stored = pl.Series("uri", [blob.uri for blob in at.lake.blobs.stored()], dtype=pl.String)
    told: set[str] = set()
    work = [(handle, column) for name, column in NAMING for handle in at.handles(name)]
    for done, (handle, column) in enumerate(work):
        at.tell(NAME, done, len(work))
        for uri, rows in _missing(handle, column, stored):
            if uri not in told:
                told.add(uri)
                reason = f"is not in the blob store; {rows} rows of {handle.name} name it"
                yield Finding(NAME, uri, reason, "fetch", uri)
    at.tell(NAME, len(work), len(work))


def _missing(handle: LakeTable, column: str, stored: pl.Series) -> list[tuple[str, int]]:
    uris = handle.scan([column]).rename({column: "uri"})
    named = uris.filter(pl.col("uri").str.starts_with("blob:"))
    lost = named.join(stored.to_frame().lazy(), on="uri", how="anti")
    found = lost.group_by("uri").len().sort("uri").collect(engine="streaming")
    return [(str(uri), int(rows)) for uri, rows in found.iter_rows()]
