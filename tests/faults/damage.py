"""Ways to damage a lake, on a disk and in an object store alike; each tells what it has damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq

from dataq_lake.lake import Lake
from dataq_lake.location import Location, readable

Damage = Callable[[Lake], str]


def blob_of(lake: Lake, size: int) -> Location:
    """The blob of this many bytes: 300,000 have come from the source, 280,000 out of a zip."""
    (blob,) = [each for each in lake.blobs.stored() if each.size == size]
    return lake.blobs.path(blob.uri)


def flip(path: Location, place: float = 0.5) -> None:
    """Changes one byte of a file, in its middle; its size stays."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0xFF
    path.write_bytes(bytes(data))


def torn_blob(lake: Lake) -> str:
    path = blob_of(lake, 300_000)
    path.write_bytes(path.read_bytes()[:1000])
    return path.name


def flipped_blob(lake: Lake) -> str:
    path = blob_of(lake, 300_000)
    flip(path)
    return path.name


def lost_blob(lake: Lake) -> str:
    path = blob_of(lake, 300_000)
    path.unlink()
    return path.name


def lost_member_blob(lake: Lake) -> str:
    path = blob_of(lake, 280_000)
    path.unlink()
    return path.name


def flipped_part_of_embeddings(lake: Lake) -> str:
    """Changes a byte of a vector: it is stored as it is, and any bits are a number."""
    path = lake.table("embeddings").files()[0]
    column = pq.ParquetFile(readable(path)).metadata.row_group(0).column(5)
    assert (column.path_in_schema, column.compression) == ("vector.list.element", "UNCOMPRESSED")
    size = len(path.read_bytes())
    flip(path, (column.data_page_offset + column.total_compressed_size / 2) / size)
    return path.name


def lost_part(table: str) -> Damage:
    """Takes away a file of a table."""

    def damage(lake: Lake) -> str:
        path = lake.table(table).files()[0]
        path.unlink()
        return path.name

    return damage


def torn_part(table: str) -> Damage:
    """Cuts off the end of a file of a table."""

    def damage(lake: Lake) -> str:
        path = lake.table(table).files()[0]
        path.write_bytes(path.read_bytes()[:-100])
        return path.name

    return damage


def findings(code: int, out: str) -> dict[str, Any]:
    """What `check --deep --json` has told, whose exit code has to agree."""
    found: dict[str, Any] = json.loads(out)
    assert code == (0 if found["ok"] else 1)
    return found


def expect_mended(found: dict[str, Any], places: list[str]) -> None:
    """Each damage was named, and nothing of it is left."""
    for place in places:
        assert any(place in each["place"] + each["reason"] for each in found["findings"]), found
    assert (found["ok"], found["left"], found["not_repaired"]) == (True, [], []), found
    assert found["passed"], "the asset checks ran too"
