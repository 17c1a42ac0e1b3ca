"""Which items and contents are meant by a source, a range of its windows, or an analyzer."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dataq_lake.lake import Lake


@dataclass(frozen=True)
class Scope:
    """What is meant; what is None is not asked about. Windows are labels as raw has them.

    With an analyzer, the contents that it has read; otherwise all that came of the items.
    """

    source: str | None = None
    first_window: str | None = None
    last_window: str | None = None
    analyzer: str | None = None
    analyzer_version: str | None = None
    """One version; all before it, if it begins with <."""

    @property
    def is_of_raw(self) -> bool:
        """Whether the items themselves are meant, not only texts."""
        return self.analyzer is None

    def has_version(self, version: str) -> bool:
        """Whether what this version of the analyzer made is meant."""
        wanted = self.analyzer_version
        if wanted is None:
            return True
        if wanted.startswith("<"):
            return _numbers(version) < _numbers(wanted[1:])
        return version == wanted


@dataclass(frozen=True)
class Selection:
    """What a scope means in one lake, as lazy frames of one column each."""

    lake: Lake
    scope: Scope

    def items(self) -> pl.LazyFrame:
        """item_id of what was observed."""
        given = self.scope
        raw = self.lake.raw(given.source or "").scan(["item_id", "window", "op"])
        chosen = raw.filter(pl.col("op") != "delete")
        if given.first_window is not None:
            chosen = chosen.filter(pl.col("window") >= given.first_window)
        if given.last_window is not None:
            chosen = chosen.filter(pl.col("window") <= given.last_window)
        return chosen.select("item_id")

    def assets(self) -> pl.LazyFrame:
        """Id of the items' assets, and of what was inside of them."""
        return self._assets.select("id")

    def contents(self) -> pl.LazyFrame:
        """content_hash of what they consist of, or of what the analyzer has read of that."""
        if self.scope.analyzer is not None and self.scope.source is None:
            return self._read.unique()
        mine = self._assets.select(pl.col("file_hash").alias("content_hash"))
        if self.scope.analyzer is not None:
            mine = mine.join(self._read, on="content_hash", how="semi")
        return mine.drop_nulls().unique()

    def owners(self) -> pl.LazyFrame:
        """Id of every asset with these contents, whichever source it came from."""
        assets = self.lake.table("assets").scan(["id", "file_hash"])
        mine = assets.join(
            self.contents(), left_on="file_hash", right_on="content_hash", how="semi"
        )
        return mine.select("id")

    def counts(self) -> dict[str, int]:
        """How many items, assets, contents, texts and segments are derived again."""
        texts, segments = (self.lake.table(name) for name in ("texts", "segments"))
        of_raw = self.scope.is_of_raw
        frames = {
            "items": self.items() if of_raw else None,
            "assets": self.assets() if of_raw else None,
            "contents": self.contents(),
            "texts": texts.scan(["content_hash"]).join(
                self.contents(), on="content_hash", how="semi"
            ),
            "segments": segments.scan(["asset_id"]).join(
                self.owners(), left_on="asset_id", right_on="id", how="semi"
            ),
        }
        return {
            name: 0 if frame is None else int(frame.select(pl.len()).collect().item())
            for name, frame in frames.items()
        }

    @property
    def _assets(self) -> pl.LazyFrame:
        assets = self.lake.table("assets").scan(["id", "item_id", "file_hash"])
        return assets.join(self.items(), on="item_id", how="semi")

    @property
    def _read(self) -> pl.LazyFrame:
        """The work of the analyzer in the versions that are meant."""
        work = self.lake.table("analyses").scan(["content_hash", "analyzer", "analyzer_version"])
        mine = work.filter(pl.col("analyzer") == self.scope.analyzer)
        versions = mine.select("analyzer_version").unique().collect().to_series()
        meant = [each for each in versions if self.scope.has_version(each)]
        return mine.filter(pl.col("analyzer_version").is_in(meant)).select("content_hash")


def _numbers(version: str) -> tuple[tuple[int, str], ...]:
    """1.10 comes after 1.9; what is no number counts as text."""
    parts = version.split(".")
    return tuple((int(each), "") if each.isdecimal() else (-1, each) for each in parts)
