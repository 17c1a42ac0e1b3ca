"""The engine's own handle of a table, kept from one write to the next."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from dataq_lake.location import Location
from dataq_lake.log import DeltaLog
from dataq_lake.objects.path import ObjectPath
from dataq_lake.objects.refusals import patiently

if TYPE_CHECKING:
    from deltalake import DeltaTable


class DeltaEngine:
    """Opens the table in `folder` once, and again where its `log` was begun anew."""

    def __init__(self, folder: Location, log: DeltaLog, lock: RLock) -> None:
        self._folder = folder
        self._log = log
        self._lock = lock
        self._delta: DeltaTable | None = None
        self._opened = 0

    def newest(self) -> DeltaTable:
        """The handle at the newest version; the table must exist."""
        if isinstance(self._folder, ObjectPath):
            return patiently(self._folder, self._newest)
        return self._newest()

    def _newest(self) -> DeltaTable:
        from deltalake import DeltaTable

        with self._lock:
            self._log.latest()
            if self._delta is None or self._opened != self._log.generation:
                # read from the start again: the table may have been removed and made anew
                self._delta = DeltaTable(str(self._folder), storage_options=self.options)
                self._opened = self._log.generation
            else:
                self._delta.update_incremental()
            return self._delta

    @property
    def options(self) -> dict[str, str] | None:
        """What an engine has to be told to reach the folder; None for one on disk."""
        if isinstance(self._folder, ObjectPath):
            from dataq_lake.objects.store import options

            return options(self._folder)
        return None
