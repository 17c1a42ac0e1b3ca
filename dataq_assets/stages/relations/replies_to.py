"""A mail and the one that it answers."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import latest
from dataq_assets.stages.relation import Relating

READS = ("assets", "entities", "messages")
VERSION = "1"
BY_REFERENCE = 0.9
BY_SUBJECT = 0.5
WITHIN = "30d"
# What programs and people put before the subject of an answer, in the languages that we know of.
_ANSWER = r"(?i)^\s*(?:(?:re|aw|antw|sv|vs|ref|odp|r|res|rif)(?:\[\d+\]|\^\d+)?\s*:\s*)+"
_FORWARD = r"(?i)^\s*(?:(?:fwd?|wg|tr|rv|enc|i|vl)\s*:\s*)+"


def edges(relating: Relating) -> pl.LazyFrame:
    """From the answer to what it answers, if that is archived.

    By the id that In-Reply-To names, else by the last one of References that is there. A mail
    that names none, but says by its subject that it answers, belongs to the last earlier mail of
    that subject within thirty days, if one of the people is the same.
    """
    lake = relating.lake
    mails = (
        lake.table("messages")
        .scan()
        .join(latest(lake, ["id", "source"]), left_on="asset_id", right_on="id")
        .with_columns(pl.col("references").fill_null([]))
        .cache()
    )
    known = mails.filter(pl.col("message_id").is_not_null()).select(
        "message_id", pl.col("source").alias("there"), pl.col("asset_id").alias("target_id")
    )
    return pl.concat([_replies(mails, known), _references(mails, known), _subjects(mails)])


def _replies(mails: pl.LazyFrame, known: pl.LazyFrame) -> pl.LazyFrame:
    found = mails.join(known, left_on="in_reply_to", right_on="message_id")
    named = pl.col("in_reply_to").alias("message_id")
    return _edges(_nearest(found), 1.0, "in_reply_to", named)


def _references(mails: pl.LazyFrame, known: pl.LazyFrame) -> pl.LazyFrame:
    """For those whose In-Reply-To is missing or leads nowhere."""
    answered = known.select("message_id")
    left = mails.join(answered, left_on="in_reply_to", right_on="message_id", how="anti")
    places = pl.int_ranges(0, pl.col("references").list.len()).alias("place")
    named = (
        left.filter(pl.col("references").list.len() > 0)
        .select("asset_id", "source", pl.col("references").alias("named"), places)
        .explode("named", "place")
    )
    found = _nearest(named.join(known, left_on="named", right_on="message_id"), "place")
    return _edges(found, BY_REFERENCE, "references", pl.col("named").alias("message_id"))


def _nearest(found: pl.LazyFrame, *later: str) -> pl.LazyFrame:
    """One target for each mail: the latest named, a copy in the same source before others."""
    elsewhere = (pl.col("source") != pl.col("there")).alias("elsewhere")
    order = ["asset_id", *later, "elsewhere", "target_id"]
    falling = [False, *(True for _ in later), False, False]
    return (
        found.filter(pl.col("asset_id") != pl.col("target_id"))
        .with_columns(elsewhere)
        .sort(order, descending=falling)
        .unique("asset_id", keep="first", maintain_order=True)
    )


def _subjects(mails: pl.LazyFrame) -> pl.LazyFrame:
    people = pl.concat_list(
        pl.concat_list("from").list.drop_nulls(),
        pl.col("to").fill_null([]),
        pl.col("cc").fill_null([]),
    )
    told = (
        mails.filter(pl.col("date").is_not_null(), pl.col("subject").is_not_null())
        .with_columns(_thread(pl.col("subject")).alias("thread"), people.alias("people"))
        .filter(pl.col("thread") != "")
        .sort("date", "asset_id")
    )
    names_none = pl.col("in_reply_to").is_null() & (pl.col("references").list.len() == 0)
    answers = told.filter(names_none, pl.col("subject").str.contains(_ANSWER))
    earlier = told.select(
        "thread", "date", pl.col("asset_id").alias("target_id"), pl.col("people").alias("others")
    )
    found = answers.join_asof(
        earlier,
        on="date",
        by="thread",
        tolerance=WITHIN,
        allow_exact_matches=False,
        check_sortedness=False,
    ).filter(
        pl.col("target_id").is_not_null(),
        pl.col("people").list.set_intersection("others").list.len() > 0,
    )
    return _edges(
        found, BY_SUBJECT, "subject_and_time", pl.lit(None, pl.String).alias("message_id")
    )


def _thread(subject: pl.Expr) -> pl.Expr:
    """The subject without what tells an answer or a copy passed on, in small letters."""
    bare = subject.str.replace(_ANSWER, "").str.replace(_FORWARD, "").str.replace(_ANSWER, "")
    return bare.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()


def _edges(found: pl.LazyFrame, strength: float, method: str, message_id: pl.Expr) -> pl.LazyFrame:
    return found.select(
        pl.col("asset_id").alias("source_id"),
        "target_id",
        pl.lit(strength).alias("strength"),
        pl.lit(method).alias("method"),
        message_id,
    )
