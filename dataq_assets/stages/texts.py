"""Every distinct content that an analyzer reads is analyzed once per version of the analyzer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from dataq_assets.stages.analyzed import Round
from dataq_assets.stages.current import readers
from dataq_assets.stages.quarantine import rows_of
from dataq_assets.stages.sent import Sent
from dataq_assets.stages.telling import Tell, silent
from dataq_lake.content import read_contents
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from dataq_analyzers.interface import Content
    from dataq_analyzers.pool import Pool

STAGE = "texts"
# No analyzer takes more, so what is larger is not even read.
LARGEST_BYTES = 64 << 20
KEYS = ("file_hash", "analyzer", "analyzer_version")


@dataclass
class Texts:
    """One pass over the contents that their analyzer has not seen in its current version."""

    lake: Lake
    pool: Pool
    run_id: str
    now_us: int
    tell: Tell = silent
    _sent: Sent[dict[str, Any]] = field(default_factory=Sent, init=False)

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of quarantine, texts and analyses; analyses last: they say it is done."""
        from dataq_analyzers.analysis import analyze, size_of

        new = pending(self.lake)
        if new.is_empty():
            return
        held = self._held()
        round_ = self._begun(held)
        fitting = new.filter(pl.col("file_size") <= LARGEST_BYTES)
        for row in new.filter(pl.col("file_size") > LARGEST_BYTES).to_dicts():
            round_.refuse(row, f"larger than {LARGEST_BYTES} bytes")
        outcomes = self.pool.map(analyze, self._contents(fitting), size=size_of)
        for done, outcome in enumerate(outcomes, 1):
            round_.add(self._sent.take(outcome.index), outcome)
            if round_.is_full():
                yield round_.differences()
                round_ = self._begun(held)
                self.tell(STAGE, done, new.height)
        yield round_.differences()
        self.tell(STAGE, new.height, new.height)

    def _begun(self, held: Mapping[str, dict[str, Any]]) -> Round:
        return Round(self.lake, held, self.run_id, self.now_us)

    def _held(self) -> dict[str, dict[str, Any]]:
        rows = rows_of(self.lake, STAGE).filter(pl.col("state") != "resolved").collect()
        return {row["id"]: row for row in rows.to_dicts()}

    def _contents(self, new: pl.DataFrame) -> Iterator[Content]:
        from dataq_analyzers.interface import Content

        numbers = {id_: number for number, id_ in enumerate(new["id"])}
        for id_, data in read_contents(self.lake, new):
            row = new.row(numbers[id_], named=True)
            self._sent.note(row)
            yield Content(data, row["mime_type"], row["filename"])


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
