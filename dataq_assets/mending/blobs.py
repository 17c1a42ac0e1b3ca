"""Has lost and damaged blobs again: from the source, or by opening what they came out of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from dataq_lake.blobs import Blob, Blobs, Writer
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake, open_lake
from dataq_lake.written import CommitInfo
from dataq_plugins.errors import PluginError, UnknownPlugin
from dataq_plugins.host import PluginProcess
from dataq_resources.home import Home
from dataq_resources.locks import locked
from dataq_resources.sources import SourceConfig, plugin_spec, read_sources

INFO = CommitInfo(asset="repair")


def fetch_again(home: Home, uris: Sequence[str]) -> list[str]:
    """Asks the sources for the blobs that raw names; tells of each source in a line.

    Damaged copies are kept aside until there is a good one.
    """
    lake = open_lake(home.lake)
    for uri in uris:
        if lake.blobs.exists(uri):
            lake.blobs.set_aside(uri)
    configs = {each.name: each for each in read_sources(home).good}
    told = []
    for name in lake.raw_sources():
        wanted = _named(lake, f"raw_{name}", "blob_uri", _lost(lake, uris))
        if wanted:
            told.append(_from_source(home, lake, name, configs.get(name), wanted))
    for uri in uris:
        if lake.blobs.exists(uri):
            lake.blobs.forget_aside(uri)
    return told


def lost_of_raw(lake: Lake, uris: Sequence[str]) -> set[str]:
    """Those of the blobs that are not there and that raw names: without them nothing derives."""
    lost = _lost(lake, uris)
    return {
        uri for name in lake.raw_sources() for uri in _named(lake, f"raw_{name}", "blob_uri", lost)
    }


def take_away(home: Home, uris: Sequence[str]) -> list[str]:
    """Takes away the derived rows that name lost blobs: deriving them brings the blobs back."""
    lake = open_lake(home.lake)
    told = []
    with locked(home.locks, "derived"):
        for table, column in (("items", "blob_uri"), ("assets", "storage_path")):
            rows = lake.table(table).scan(["item_id", column])
            naming = rows.filter(pl.col(column).is_in(_lost(lake, uris)))
            items = naming.select("item_id").unique().collect()["item_id"].to_list()
            if items:
                gone = lake.table(table).apply(Difference((), items, "item_id"), INFO).deleted
                told.append(f"took away {gone} rows of {table}, to derive them with their blobs")
    return told


def _lost(lake: Lake, uris: Sequence[str]) -> list[str]:
    return [uri for uri in uris if not lake.blobs.exists(uri)]


def _named(lake: Lake, table: str, column: str, uris: Sequence[str]) -> set[str]:
    rows = lake.table(table).scan([column]).filter(pl.col(column).is_in(list(uris)))
    return set(rows.collect()[column])


def _from_source(
    home: Home, lake: Lake, name: str, source: SourceConfig | None, wanted: set[str]
) -> str:
    """Asks the source for all that it has, and keeps what is wanted."""
    if source is None:
        return f"no source {name} is configured: {len(wanted)} blobs cannot be fetched again"
    sink = WantedBlobs(lake.blobs, set(wanted))
    try:
        with locked(home.locks, f"source_{name}"), PluginProcess(plugin_spec(source)) as plugin:
            for _ in plugin.extract(None, None, full=True, blobs=sink):
                if not sink.wanted:
                    break
    except (PluginError, UnknownPlugin) as error:
        return f"blobs of {name} could not be fetched again: {error}"
    finally:
        lake.blobs.settle()
    found = sum(lake.blobs.exists(uri) for uri in wanted)
    return f"fetched {found} of {len(wanted)} blobs again from {name}"


@dataclass
class WantedBlobs:
    """A store that keeps only the blobs that are `wanted`; those that came are taken out."""

    store: Blobs
    wanted: set[str]

    def writer(self) -> WantedWriter:
        """A writer whose content is forgotten unless it is wanted."""
        return WantedWriter(self.store.writer(), self.wanted)


class WantedWriter:
    """Passes everything on, and decides at the end."""

    def __init__(self, inner: Writer, wanted: set[str]) -> None:
        self._inner = inner
        self._wanted = wanted
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Takes the next piece."""
        self._digest.update(data)
        self._size += len(data)
        self._inner.write(data)

    def commit(self) -> Blob:
        """Keeps the content if it is wanted."""
        sha256 = self._digest.hexdigest()
        uri = f"blob:{sha256}"
        if uri in self._wanted:
            self._wanted.discard(uri)
            return self._inner.commit()
        self._inner.abort()
        return Blob(uri, self._size, sha256)

    def abort(self) -> None:
        """Forgets it."""
        self._inner.abort()
