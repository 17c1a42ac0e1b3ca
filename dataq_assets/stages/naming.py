"""Names for groups of assets, from what their members share and others do not have."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.current import current_texts
from dataq_assets.stages.latest import latest
from dataq_lake.lake import Lake

TERMS = 3
LONGEST = 60  # characters of a name, without where it is from
_SHARED = 0.5  # of the members have a term that names them
_OWN = 3, 50  # groups may share a term of their own, or one in so many
_AGREED = 0.8  # of the members have the sender or folder that is told
_READ, _FIRST = 5, 1_000  # members of a group whose texts are looked at, and characters of each
_TITLE = 200
_WORD = r"\p{L}[\p{L}\p{M}\p{N}]*(?:-\p{L}[\p{L}\p{M}\p{N}]*)*[+#]{0,2}"
_LENGTHS = (3, 30)  # characters of a word
_HASH = r"^[0-9a-f-]{8,}$"
_USUAL = (
    "about|after|all|also|and|any|are|auf|aus|been|before|bei|but|can|cannot|com|das|dem|den|der|"
    "des|didn|die|don|ein|eine|einem|einen|einer|eines|eml|est|for|from|fwd|had|has|have|how|htm|"
    "html|http|https|ihr|into|ist|its|jpg|les|make|may|mit|more|must|new|nicht|not|now|one|only|"
    "org|other|our|out|pas|pdf|png|por|que|should|sich|sie|sind|some|such|than|that|the|their|"
    "them|then|there|these|they|this|txt|und|une|used|uses|using|von|was|were|what|when|where|"
    "which|why|will|with|within|would|www|you|your|zum|zur"
)


def names(lake: Lake, groups: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """A name for each of the `wanted` among all `groups`: center_id, name; never empty.

    `groups` has center_id, asset_id, is_core; `wanted` center_id. Up to three words that at least
    half of the members have in their titles, subjects or file names, the most distinctive first;
    where fewer than two of them are a group's own, words of the texts before those that are not;
    then the sender or the folder that four fifths have.
    """
    told = _told(lake).collect()
    found = _terms(groups, _words(told.select("asset_id", "words")), told.height)
    found = found.join(wanted, on="center_id", how="semi")
    few = max(_OWN[0], groups["center_id"].n_unique() // _OWN[1])
    own = _listed(found.filter(pl.col("groups") <= few), "own")
    rich = own.filter(pl.col("own").list.len() > 1)
    groups = groups.join(wanted, on="center_id", how="semi")
    spoken = _words(_texts(lake, groups.join(rich, on="center_id", how="anti")))
    read = groups.join(spoken, on="asset_id", how="semi")
    more = _terms(read, spoken, read["asset_id"].n_unique())
    members = groups.join(told, on="asset_id", how="left")
    called = members.filter(pl.col("asset_id") == pl.col("center_id")).select("center_id", "title")
    for part in (
        own,
        _listed(more, "more"),
        _listed(found, "all"),
        _place(members, "sender"),
        _place(members, "folder"),
    ):
        called = called.join(part, on="center_id", how="left")
    return called.select("center_id", _name().alias("name")).sort("center_id")


def plain(text: pl.Expr) -> pl.Expr:
    """`text` on one line, of characters that can be printed."""
    seen = text.str.replace_all(r"[\p{C}\p{Z}\s]+", " ")
    return seen.str.strip_chars()


def _name() -> pl.Expr:
    lists = (pl.col(name).fill_null([]) for name in ("own", "more", "all"))
    terms = pl.concat_list(*lists).list.unique(maintain_order=True).list.head(TERMS)
    title = pl.col("title").fill_null("").str.slice(0, LONGEST)
    number = pl.concat_str(pl.lit("collection "), pl.col("center_id").str.slice(0, 8))
    named = pl.when(title.str.contains(r"[\p{L}\p{N}]")).then(title).otherwise(number)
    said = terms.list.join(", ").str.slice(0, LONGEST)
    what = pl.when(said != "").then(said).otherwise(named)
    where = pl.coalesce("sender", "folder")
    placed = pl.concat_str(what, pl.lit(" ("), where, pl.lit(")"))
    return pl.when(where.is_null()).then(what).otherwise(placed)


def _told(lake: Lake) -> pl.LazyFrame:
    """What each current asset is called: asset_id, words, title, sender, folder."""
    titles = lake.table("texts").scan(["id", "title"])
    titled = current_texts(lake).join(titles, left_on="text_id", right_on="id")
    mails = lake.table("messages").scan(["asset_id", "subject", "from"])
    assets = latest(lake, ["id", "filename", "path"]).rename({"id": "asset_id"})
    stem = pl.col("filename").fill_null("").str.replace(r"\.[^.]*$", "").str.slice(0, _TITLE)
    title = plain(pl.coalesce("subject", "title").str.slice(0, _TITLE))
    folders = pl.col("path").str.split("/").list
    return (
        assets.join(titled.select("asset_id", "title"), on="asset_id", how="left")
        .join(mails, on="asset_id", how="left")
        .unique("asset_id", keep="any")
        .select(
            "asset_id",
            pl.concat_str(title.fill_null(""), pl.lit(" "), stem).alias("words"),
            pl.when(title.fill_null("") != "").then(title).otherwise(plain(stem)).alias("title"),
            plain(_address(pl.col("from").str.slice(0, _TITLE))).alias("sender"),
            plain(folders.head(folders.len() - 1).list.tail(2).list.join("/")).alias("folder"),
        )
    )


def _address(sender: pl.Expr) -> pl.Expr:
    """Without the name before it."""
    return pl.coalesce(sender.str.extract(r"<([^<>]+)>"), sender)


def _words(texts: pl.DataFrame) -> pl.DataFrame:
    """Each word of each text once, with its place among them: asset_id, word, place."""
    found = pl.col("words").str.to_lowercase().str.extract_all(_WORD)
    lists = texts.select("asset_id", found.list.unique(maintain_order=True).alias("word"))
    places = pl.int_ranges(pl.col("word").list.len()).alias("place")
    each = lists.with_columns(places).explode("word", "place")
    usual = pl.col("word").str.contains(f"^(?:{_USUAL})$|{_HASH}")
    return each.filter(pl.col("word").str.len_chars().is_between(*_LENGTHS), ~usual)


def _terms(groups: pl.DataFrame, words: pl.DataFrame, count: int) -> pl.DataFrame:
    """The words that the members of a group share: center_id, word, place, groups, score.

    The score is how many of them have a word, times the logarithms of how few of all `count` do
    and of how few of the `groups` share it (after the class-based TF-IDF of BERTopic, with
    members in place of occurrences).
    """
    everywhere = words.group_by("word").agg(pl.len().alias("all"))
    sizes = groups.group_by("center_id").agg(pl.len().alias("size"))
    share = pl.col("here") / pl.col("size")
    shared = (
        groups.select("center_id", "asset_id")
        .join(words, on="asset_id")
        .group_by("center_id", "word")
        .agg(pl.len().alias("here"), pl.col("place").mean().round(3))
        .join(sizes, on="center_id")
        .filter(share >= _SHARED, pl.col("here") > 1)
        .with_columns(pl.len().over("word").alias("groups"))
        .join(everywhere, on="word")
    )
    rare = (1 + count / pl.col("all")).log() * (1 + sizes.height / pl.col("groups")).log()
    score = (share * rare).round(6).alias("score")
    return shared.select("center_id", "word", "place", "groups", score)


def _listed(terms: pl.DataFrame, name: str) -> pl.DataFrame:
    """The best terms of each group, the most telling first, then as read: center_id and `name`."""
    order = ["center_id", "score", "place", "word"]
    ordered = terms.sort(order, descending=[False, True, False, False])
    return ordered.group_by("center_id", maintain_order=True).agg(
        pl.col("word").head(TERMS).alias(name)
    )


def _texts(lake: Lake, groups: pl.DataFrame) -> pl.DataFrame:
    """The first characters of the texts of some of each group's core: asset_id, words."""
    some = groups.filter(pl.col("is_core")).group_by("center_id", maintain_order=True).head(_READ)
    texts = current_texts(lake).join(some.lazy(), on="asset_id", how="semi").collect()
    first = []
    for batch in lake.table("texts").rows(texts["text_id"].unique(), ["id", "text"]):
        rows = pl.DataFrame(batch)
        first.append(rows.select("id", pl.col("text").str.slice(0, _FIRST).alias("words")))
    if not first:
        return pl.DataFrame(schema={"asset_id": pl.String, "words": pl.String})
    return texts.join(pl.concat(first), left_on="text_id", right_on="id").select(
        "asset_id", "words"
    )


def _place(members: pl.DataFrame, column: str) -> pl.DataFrame:
    """The sender or folder that the members of a group agree on: center_id and it."""
    sizes = members.group_by("center_id").agg(pl.len().alias("size"))
    return (
        members.filter(pl.col(column).fill_null("") != "")
        .group_by("center_id", column)
        .agg(pl.len().alias("count"))
        .join(sizes, on="center_id")
        .filter(pl.col("count") >= pl.col("size") * _AGREED)
        .select("center_id", pl.col(column).str.slice(0, LONGEST))
    )
