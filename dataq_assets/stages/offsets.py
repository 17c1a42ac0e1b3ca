"""Whether segments lie where they say: their text is what their text has at their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl
import pyarrow as pa

from dataq_lake.lake import Lake

COLUMNS = ("id", "text_id", "start_marker", "end_marker", "text")
SCHEMA = {"segment_id": pl.String, "text_id": pl.String, "start": pl.Int64, "end": pl.Int64}


def misplaced(lake: Lake, batches: Iterable[pa.RecordBatch]) -> Iterator[pl.DataFrame]:
    """Of each batch of segments (COLUMNS) those whose text is another: columns SCHEMA.

    Segments of a text that does not exist are not judged.
    """
    for batch in batches:
        segments = batch.to_pylist()
        wanted = {each["text_id"] for each in segments}
        texts: dict[str, str] = {}
        for found in lake.table("texts").rows(sorted(wanted), ["id", "text"]):
            texts.update(zip(*(each.to_pylist() for each in found.columns), strict=True))
        rows = [
            (each["id"], each["text_id"], start, end)
            for each in segments
            if each["start_marker"] and each["end_marker"]  # else it has no place at all
            for start, end in [(each["start_marker"]["char"], each["end_marker"]["char"])]
            if each["text_id"] in texts and texts[each["text_id"]][start:end] != each["text"]
        ]
        if rows:
            yield pl.DataFrame(rows, schema=SCHEMA, orient="row")
