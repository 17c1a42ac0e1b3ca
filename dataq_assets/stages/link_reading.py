"""Reads the links of every current page, text and mail once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from dataq_analyzers.links.read import (
    LARGEST_BYTES,
    TYPES,
    Links,
    Page,
    read_links,
    size,
)
from dataq_analyzers.links.read import VERSION as READER_VERSION
from dataq_analyzers.outcome import Done, Failed
from dataq_assets.stages.arrow import batch_of, chunked
from dataq_assets.stages.latest import latest
from dataq_assets.stages.relation import Relating, Round
from dataq_lake.content import COLUMNS, read_contents
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id

__all__ = ["READER_VERSION", "read_new"]

NONE = Links([], [])


def read_new(relating: Relating) -> Iterator[Round]:
    """Rows of `links` for the pages that this version of the reader has not seen.

    A page that cannot be read, or is too large, has none, and is not tried again.
    """
    new = _unread(relating)
    if new.is_empty():
        return
    stale = relating.lake.table("links").scan(["id", "asset_id"])
    old = set(stale.join(new.lazy(), left_on="asset_id", right_on="id", how="semi").collect()["id"])
    for rows in chunked(_rows(relating, new)):
        gone = [row["id"] for row in rows if row["id"] in old]
        yield {"links": Difference([batch_of("links", rows)], gone)}


def _unread(relating: Relating) -> pl.DataFrame:
    pages = latest(relating.lake, [*COLUMNS, "mime_type", "path", "file_size"]).filter(
        pl.col("mime_type").is_in(TYPES)
    )
    links = relating.lake.table("links").scan(["asset_id", "reader_version"])
    done = links.filter(pl.col("reader_version") == READER_VERSION)
    return pages.join(done, left_on="id", right_on="asset_id", how="anti").collect()


def _rows(relating: Relating, new: pl.DataFrame) -> Iterator[dict[str, Any]]:
    large = pl.col("file_size") > LARGEST_BYTES
    for id_ in new.filter(large)["id"]:
        yield _row(relating, id_, NONE)
    sent: list[str] = []
    for outcome in relating.pool.map(read_links, _pages(relating, new.filter(~large), sent), size):
        yield _row(relating, sent[outcome.index], _links(outcome))


def _pages(relating: Relating, new: pl.DataFrame, sent: list[str]) -> Iterator[Page]:
    told = {id_: (type_, path) for id_, type_, path in new.select("id", "mime_type", "path").rows()}
    for id_, data in read_contents(relating.lake, new):
        sent.append(id_)
        yield Page(data, *told[id_])


def _links(outcome: Done[Links] | Failed) -> Links:
    return NONE if isinstance(outcome, Failed) else outcome.value


def _row(relating: Relating, asset_id: str, links: Links) -> dict[str, Any]:
    return {
        "id": make_id("links", asset_id),
        "asset_id": asset_id,
        "reader_version": READER_VERSION,
        "hrefs": links.hrefs,
        "addresses": links.addresses,
        "run_id": relating.run_id,
    }
