"""One pass of the analyzers over the contents that none has read."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl

from dataq_assets.stages.current import readers
from dataq_assets.stages.early import Early
from dataq_assets.stages.quarantine import rows_of
from dataq_assets.stages.sent import Sent
from dataq_lake.content import read_contents
from dataq_lake.errors import ContentLost
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from dataq_analyzers.interface import Analysis, Content
    from dataq_analyzers.outcome import Done, Failed
    from dataq_analyzers.pool import Pool

    Outcome = tuple[Mapping[str, Any], Done[Analysis] | Failed]
    EarlyReading = Early[pl.DataFrame, Outcome]

KEY = "reading"
STAGE = "texts"
# No analyzer takes more, so what is larger is not even read.
LARGEST_BYTES = 64 << 20
SMALL_BYTES = 256 << 10
CLASS = 4
"""Contents of one class are at most so many times as large as those of the class before."""
KEYS = ("file_hash", "analyzer", "analyzer_version")


class Reading:
    """What is to be read, found out now, and the outcomes as the pool has them."""

    def __init__(self, lake: Lake, pool: Pool) -> None:
        self._lake = lake
        self._pool = pool
        self._sent: Sent[dict[str, Any]] = Sent()
        self.new = pending(lake)
        """One asset for each content, by size."""

    def close(self) -> None:
        """Nothing goes on without its reader."""

    def outcomes(self) -> Generator[Outcome, None, None]:
        """Each asset of `new` that is not too large, with its outcome."""
        from dataq_analyzers.analysis import analyze, size_of

        with closing(self._pool.map(analyze, self._contents(), size=size_of)) as outcomes:
            for outcome in outcomes:
                yield self._sent.take(outcome.index), outcome

    def _contents(self) -> Iterator[Content]:
        from dataq_analyzers.interface import Content

        fitting = self.new.filter(~_is_too_large())
        numbers = {id_: number for number, id_ in enumerate(fitting["id"])}
        for id_, data in _smaller_first(self._lake, fitting):
            row = fitting.row(numbers[id_], named=True)
            self._sent.note(row)
            yield Content(data, row["mime_type"], row["filename"])


def _smaller_first(lake: Lake, assets: pl.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Their bytes, a class of sizes after another, in each as they are stored.

    To read rows one by one in order of size would read each of their files many times.
    """
    lost: ContentLost | None = None
    size_class = (pl.col("file_size") / SMALL_BYTES).log(CLASS).ceil().clip(0)
    for _, some in assets.group_by(size_class, maintain_order=True):
        try:
            yield from read_contents(lake, some)
        except ContentLost as error:  # told when all others are read
            lost = error
    if lost is not None:
        raise lost


def early_reading(lake: Lake, pool: Pool) -> EarlyReading:
    """The same, begun before its step."""
    return Early(lambda: Reading(lake, pool), _size)


def refused(new: pl.DataFrame) -> Iterator[tuple[dict[str, Any], str]]:
    """The assets whose content is not even read, and why."""
    for row in new.filter(_is_too_large()).to_dicts():
        yield row, f"larger than {LARGEST_BYTES} bytes"


def _is_too_large() -> pl.Expr:
    return pl.col("file_size") > LARGEST_BYTES


def _size(outcome: Outcome) -> int:
    value = getattr(outcome[1], "value", None)
    return len(value.text) if value is not None else 0


def pending(lake: Lake) -> pl.DataFrame:
    """One asset for each content that its analyzer has not seen in its current version."""
    assets = lake.table("assets").scan(
        ["id", "item_id", "source", "source_id", "filename", "file_hash", "file_size", "mime_type",
         "storage_path"]
    )  # fmt: skip
    done = lake.table("analyses").scan(["content_hash", *KEYS[1:]])
    again = rows_of(lake, STAGE).filter(pl.col("state") == "replay")
    hashes = assets.join(again, left_on="id", right_on="asset_id", how="semi").select("file_hash")
    done = done.join(hashes, left_on="content_hash", right_on="file_hash", how="anti")
    return (
        assets.join(readers(lake).lazy(), on="mime_type")
        .join(done, left_on=KEYS, right_on=["content_hash", *KEYS[1:]], how="anti")
        .unique(KEYS, keep="first")
        .sort("file_size", "id")
        .collect()
    )
