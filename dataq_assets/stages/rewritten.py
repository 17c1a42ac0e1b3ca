"""Segments that the search index has in a former shape: derived again under the same ids."""

from __future__ import annotations

from itertools import takewhile

import polars as pl

from dataq_lake.errors import NoSuchVersion, StopAndRepair
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.lake import Lake

COLUMNS = ("id", "run_id")
NOTHING = pl.DataFrame(schema={"id": pl.String})


def rewritten(lake: Lake) -> pl.DataFrame:
    """The ids of segments that were not stored as they are when the index was published: id.

    Rows of segments hardly ever go, so the log's last entries nearly always say that there is none.
    """
    segments = lake.table("segments")
    version = published(lake)
    if version is None:
        return NOTHING
    since = takewhile(lambda commit: commit.version > version, segments.log.history())
    if not any(commit.deleted for commit in since):
        return NOTHING
    now = segments.scan(COLUMNS)
    try:
        then = segments.scan(COLUMNS, version=version)
        changed = now.join(then, on=COLUMNS, how="anti", nulls_equal=True)
        return changed.select("id").collect(engine="streaming")
    except (NoSuchVersion, StopAndRepair, OSError, pl.exceptions.PolarsError):
        # Of what is cleaned up or damaged nobody can tell, so none counts.
        return now.select("id").collect(engine="streaming")


def published(lake: Lake) -> int | None:
    """The version of segments that the index was made of, None where nothing is published.

    A snapshot that somebody had made of the lake has the index of the one before.
    """
    folder = indexes_in(lake.root)
    parts, version = None, None
    for name in reversed(folder.names()):
        manifest = folder.read(name)
        if parts is not None and manifest.parts != parts:
            break
        parts, version = manifest.parts, manifest.tables.get("segments")
    return version
