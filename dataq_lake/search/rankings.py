"""Which ranking, made of feedback, has a say in a search: read once for many queries."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from dataq_lake.feedback.versions import NONE, in_force, judged
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.lake import Lake
from dataq_lake.search.paging import parse_cursor

if TYPE_CHECKING:
    from dataq_lake.feedback.judged import Judged
    from dataq_lake.indexes.snapshot import Snapshot
    from dataq_lake.search.ask import Ask

_KEPT = 4


class Rankings:
    """The rankings of one snapshot: by default that of `lake`, or of the snapshot's own time."""

    def __init__(self, snapshot: Snapshot, lake: Lake | None) -> None:
        self._snapshot = snapshot
        self._given = lake
        self._judged = lru_cache(_KEPT)(self._read)

    def wanted(self, ask: Ask) -> Judged | None:
        """What ranks this question, None if nothing does; a cursor goes on with its own.

        Raises FixTheCall for a ranking that there is not.
        """
        if ask.mode != "hybrid":
            return None
        if ask.ranking is not None:
            version = None if ask.ranking == NONE else ask.ranking
        else:
            version = parse_cursor(ask.cursor).ranking if ask.cursor else self._in_force
        return None if version is None else self._judged(version)

    @cached_property
    def _in_force(self) -> int | None:
        return in_force(self._lake)

    @cached_property
    def _lake(self) -> Lake:
        if self._given is not None:
            return self._given
        manifest, root = self._snapshot.manifest, self._snapshot.lake.root
        newest = indexes_in(root).names()[-1:] == [manifest.folder]
        return Lake(root) if newest else self._snapshot.lake

    def _read(self, version: int) -> Judged:
        return judged(Lake(self._snapshot.lake.root), version)
