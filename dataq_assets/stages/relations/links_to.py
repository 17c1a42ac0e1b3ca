"""A page and what it links to, where that is archived."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dataq_analyzers.links.address import is_url, url_address
from dataq_assets.stages.latest import latest
from dataq_assets.stages.link_reading import READER_VERSION, read_new
from dataq_assets.stages.relation import Relating, Round

READS = ("assets", "entities")
VERSION = READER_VERSION


def before(relating: Relating) -> Iterator[Round]:
    """The links of the pages that nobody has read yet; a page never changes."""
    return read_new(relating)


def edges(relating: Relating) -> pl.LazyFrame:
    """From the page to what its link leads to: a path in the same source, or a URL in any."""
    lake = relating.lake
    read = lake.table("links").scan().filter(pl.col("reader_version") == READER_VERSION)
    there = latest(lake, ["id", "source", "path"]).cache()
    links = (
        read.join(there, left_on="asset_id", right_on="id")
        .select("asset_id", "source", pl.col("hrefs").alias("href"), pl.col("addresses"))
        .filter(pl.col("href").list.len() > 0)
        .explode("href", "addresses")
        .rename({"addresses": "address"})
    )
    far = pl.col("address").str.contains("^https?://")
    return pl.concat([_paths(links.filter(~far), there), _urls(links.filter(far), there)])


def _paths(links: pl.LazyFrame, there: pl.LazyFrame) -> pl.LazyFrame:
    targets = there.rename({"id": "target_id", "path": "address"})
    return _edges(links.join(targets, on=["source", "address"]), "path")


def _urls(links: pl.LazyFrame, there: pl.LazyFrame) -> pl.LazyFrame:
    """A copy in the page's own source before others."""
    archived = there.filter(pl.col("path").str.contains("^https?://")).collect()
    addresses = [url_address(path) if is_url(path) else None for path in archived["path"]]
    targets = archived.lazy().select(
        pl.Series("address", addresses, dtype=pl.String),
        pl.col("id").alias("target_id"),
        pl.col("source").alias("there"),
    )
    elsewhere = (pl.col("source") != pl.col("there")).alias("elsewhere")
    nearest = (
        links.join(targets, on="address")
        .with_columns(elsewhere)
        .sort("asset_id", "address", "elsewhere", "target_id", "href")
        .unique(["asset_id", "address"], keep="first", maintain_order=True)
    )
    return _edges(nearest, "url")


def _edges(found: pl.LazyFrame, method: str) -> pl.LazyFrame:
    return found.select(
        pl.col("asset_id").alias("source_id"),
        "target_id",
        pl.lit(1.0).alias("strength"),
        pl.lit(method).alias("method"),
        "href",
    )
