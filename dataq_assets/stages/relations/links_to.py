"""A page, text or mail and what it links to, where that is archived."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dataq_analyzers.links.address import FAR, MAIL, is_url, url_address
from dataq_assets.stages.latest import latest
from dataq_assets.stages.link_reading import READER_VERSION, read_new
from dataq_assets.stages.relation import Relating, Round
from dataq_lake.lake import Lake

READS = ("assets", "entities", "messages")
VERSION = READER_VERSION


def before(relating: Relating) -> Iterator[Round]:
    """The links of what nobody has read yet; an asset never changes."""
    return read_new(relating)


def edges(relating: Relating) -> pl.LazyFrame:
    """From where a link is to what it leads to: a path in the same source, a URL or mail in any."""
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
    address = pl.col("address")
    far, mail = address.str.contains(FAR), address.str.starts_with(MAIL)
    found = [
        _paths(links.filter(~far & ~mail), there),
        _edges(_nearest(links.filter(far), _urls(there)), "url"),
        _edges(_nearest(links.filter(mail), _mails(lake, there)), "message_id"),
    ]
    return pl.concat(found)


def _paths(links: pl.LazyFrame, there: pl.LazyFrame) -> pl.LazyFrame:
    targets = there.rename({"id": "target_id", "path": "address"})
    return _edges(links.join(targets, on=["source", "address"]), "path")


def _urls(there: pl.LazyFrame) -> pl.LazyFrame:
    archived = there.filter(pl.col("path").str.contains(FAR)).collect()
    addresses = [url_address(path) if is_url(path) else None for path in archived["path"]]
    return archived.lazy().select(
        pl.Series("address", addresses, dtype=pl.String),
        pl.col("id").alias("target_id"),
        pl.col("source").alias("there"),
    )


def _mails(lake: Lake, there: pl.LazyFrame) -> pl.LazyFrame:
    named = lake.table("messages").scan(["asset_id", "message_id"])
    mails = named.join(there, left_on="asset_id", right_on="id")
    return mails.filter(pl.col("message_id").is_not_null()).select(
        pl.concat_str(pl.lit(MAIL), "message_id").alias("address"),
        pl.col("asset_id").alias("target_id"),
        pl.col("source").alias("there"),
    )


def _nearest(links: pl.LazyFrame, targets: pl.LazyFrame) -> pl.LazyFrame:
    """One target a link: a copy in the page's own source before others."""
    elsewhere = (pl.col("source") != pl.col("there")).alias("elsewhere")
    return (
        links.join(targets, on="address")
        .with_columns(elsewhere)
        .sort("asset_id", "address", "elsewhere", "target_id", "href")
        .unique(["asset_id", "address"], keep="first", maintain_order=True)
    )


def _edges(found: pl.LazyFrame, method: str) -> pl.LazyFrame:
    return found.select(
        pl.col("asset_id").alias("source_id"),
        "target_id",
        pl.lit(1.0).alias("strength"),
        pl.lit(method).alias("method"),
        "href",
    )
