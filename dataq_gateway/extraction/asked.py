"""What a request for an extraction says."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dataq_assets.stages.windows import FORMATS, Windowing, windowing
from dataq_resources.jobs.extraction import Extraction
from dataq_resources.sources import SourceConfig

Word = Annotated[str, Field(min_length=1, max_length=40)]


class Asked(BaseModel):
    """The body of POST /extract: a source by its name, perhaps windows of it; no settings of it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: Word
    first: Word | None = Field(default=None, alias="from")
    last: Word | None = Field(default=None, alias="to")
    partition: Word | None = None
    partitions: list[Word] | None = Field(default=None, min_length=1, max_length=1_000)
    full: bool = False
    priority: int = Field(default=0, ge=-100, le=100)
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=255)

    @model_validator(mode="after")
    def _one_way(self) -> Asked:
        ways = (self.first or self.last, self.partition, self.partitions)
        if sum(each is not None for each in ways) > 1:
            raise ValueError("name windows in one way: from and to, partition, or partitions")
        return self

    def extraction(self, source: SourceConfig) -> Extraction:
        """What is to be done; open ends stay open, so that it is the same whenever it comes."""
        cut = windowing(source.window, source.since)
        labels = self.partitions or ([self.partition] if self.partition else [])
        ranges: list[tuple[str, str]] = []
        if self.first or self.last:
            ranges = [(_label(cut, self.first), _label(cut, self.last))]
        elif labels:
            known = [_label(cut, each) for each in labels]
            ranges = cut.clusters(known, gap=0) if all(_is_label(cut, k) for k in known) else []
            ranges = ranges or [(each, each) for each in known]
        return Extraction(source=self.source, windows=tuple(ranges), full=self.full)


def _label(cut: Windowing, given: str | None) -> str:
    """A window as it is called, also where a day or a time in it is given; "" for an open end."""
    if given is None or _is_label(cut, given):
        return given or ""
    try:
        when = datetime.fromisoformat(given)
    except ValueError:
        return given  # whoever checks windows says what they look like
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    start = int(when.timestamp())
    if not cut.first <= start <= time.time():
        return when.astimezone(UTC).strftime(FORMATS[cut.granularity])
    return cut.label(start * 1_000_000, start * 1_000_000)


def _is_label(cut: Windowing, given: str) -> bool:
    try:
        cut.bounds(given)
    except (ValueError, OverflowError):
        return False
    return True
