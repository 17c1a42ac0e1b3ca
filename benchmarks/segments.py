"""A million real segments with their vectors: made once, kept in the cache, shared by benches.

    shown.arrow       segment_id and what hits show, in an order that says nothing
    vectors.npy       the vector of each one's text (n, 256), of unit length
    held-out.arrow    passages that are not among them, to ask by: title and text
    held-out.npy      their vectors

A tenth of the segments have the source `tenth`, 1 % `hundredth`, 0.01 % `trace`, the others `rest`.
Neighbours in a folder share a source, as they do in life. Times are spread evenly over YEAR.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from benchmarks.passages import File, digest, files, read
from benchmarks.setting import Setting
from dataq_lake.embedders import embedder
from dataq_lake.ids import make_id
from dataq_lake.indexes.documents import DOCUMENTS, Publication, Published
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.shown import SHOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_lake.lake import Lake

COUNT, HELD_OUT = 1_000_000, 2_000
SHARES = {"tenth": 0.1, "hundredth": 0.01, "trace": 0.0001}
YEAR = (1_735_689_600_000_000, 365 * 86_400_000_000)  # 2025: where it begins, and microseconds
VERSION = 1
BATCH = 4_096
_PROCESSES = 2
_OF_A_TASK = 2_000
_SHOWN = pa.schema([("segment_id", pa.string()), *SHOWN])
_ASKED = pa.schema([("title", pa.string()), ("text", pa.large_string())])
_Chosen = tuple[File, list[int], list[int]]
"""A file, which of its passages are wanted, and their places in the whole."""


@dataclass(frozen=True)
class Segments:
    """The segments in `folder`, mapped."""

    folder: Path

    def __len__(self) -> int:
        count: int = self.shown.num_rows
        return count

    @cached_property
    def shown(self) -> pa.Table:
        """segment_id and what hits show of each segment."""
        return _mapped(self.folder / "shown.arrow")

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """The vector of each segment's text, without its title's share."""
        found: NDArray[np.float32] = np.load(self.folder / "vectors.npy", mmap_mode="r")
        return found

    @cached_property
    def held_out(self) -> pa.Table:
        """The title and text of passages that are not among the segments."""
        return _mapped(self.folder / "held-out.arrow")

    @cached_property
    def held_out_vectors(self) -> NDArray[np.float32]:
        """The vectors of the texts that were held out."""
        found: NDArray[np.float32] = np.load(self.folder / "held-out.npy")
        return found

    def batches(self, start: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        """Those from `start` to before `stop`, as they are published, BATCH at a time."""
        end = len(self) if stop is None else min(stop, len(self))
        for first in range(start, end, BATCH):
            rows = self.shown.slice(first, min(BATCH, end - first)).combine_chunks().to_batches()[0]
            vectors = np.asarray(self.vectors[first : first + rows.num_rows])
            offsets = np.arange(0, vectors.size + 1, vectors.shape[1], dtype=np.int32)
            vector = pa.ListArray.from_arrays(offsets, vectors.ravel())
            yield pa.RecordBatch.from_arrays([*rows.columns, vector], schema=DOCUMENTS)


def segments(setting: Setting, count: int = COUNT) -> Segments:
    """So many segments, or as many as there are; made where the cache does not have them."""
    folder = setting.cache / f"segments-{count}-{VERSION}"
    setting.cache.mkdir(parents=True, exist_ok=True)
    with (setting.cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            draft = folder.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            _make(setting, draft, count)
            draft.rename(folder)
    return Segments(folder)


def publish_segments(
    lake: Lake, found: Segments, start: int = 0, stop: int | None = None
) -> Published:
    """Publishes those from `start` to before `stop` by the product's own code."""
    from dataq_lake.indexes.publish import publish

    model = embedder()
    made_with = Model(model.name, model.version, model.dimensions)
    return publish(lake, Publication(made_with, found.batches(start, stop)))


def _make(setting: Setting, folder: Path, count: int) -> None:
    setting.say("reading files to find distinct passages")
    with get_context("spawn").Pool(_PROCESSES) as pool:
        chosen, there = _chosen(pool, count)
        total = sum(len(places) for _, _, places in chosen)
        kept = min(count, total)
        setting.say(f"embedding {total:,} of {there:,} distinct passages")
        vectors = np.lib.format.open_memmap(
            folder / "vectors.npy", "w+", np.float32, (kept, embedder().dimensions)
        )
        held = np.zeros((total - kept, vectors.shape[1]), np.float32)
        rows: list[tuple[File, str, str] | None] = [None] * total
        for file, title, texts, found, places in _embedded(pool, chosen):
            for place, text, vector in zip(places, texts, found, strict=True):
                rows[place] = (file, title, text)
                (vectors if place < kept else held)[place % kept] = vector
    vectors.flush()
    np.save(folder / "held-out.npy", held)
    whole = [row for row in rows if row is not None]
    asked = [{"title": title, "text": text} for _, title, text in whole[kept:]]
    _write(folder / "held-out.arrow", _ASKED, [asked])
    _write(folder / "shown.arrow", _SHOWN, _shown(whole[:kept]))


def _chosen(pool: Any, count: int) -> tuple[list[_Chosen], int]:
    """Which passages are taken, a file at a time, and how many distinct ones there are."""
    every = files()
    digests, owners, numbers = [], [], []
    for owner, found in enumerate(pool.imap(_digests, every, chunksize=64)):
        digests.append(np.frombuffer(found, "S16"))
        owners.append(np.full(len(digests[-1]), owner, np.int32))
        numbers.append(np.arange(len(digests[-1]), dtype=np.int32))
    distinct, first = np.unique(np.concatenate(digests), return_index=True)
    first = first[: count + HELD_OUT]  # in order of their digests, which is none
    taken = zip(
        np.concatenate(owners)[first].tolist(),
        np.concatenate(numbers)[first].tolist(),
        range(len(first)),
        strict=True,
    )
    chosen = []
    for owner, group in groupby(sorted(taken), key=lambda each: each[0]):
        each = list(group)
        chosen.append((every[owner], [number for _, number, _ in each], [p for _, _, p in each]))
    return chosen, len(distinct)


def _digests(file: File) -> bytes:
    return b"".join(map(digest, read(file)[1]))


def _embedded(pool: Any, chosen: list[_Chosen]) -> Iterator[tuple[Any, ...]]:
    for done in pool.imap_unordered(_embed, _tasks(chosen)):
        yield from done


def _tasks(chosen: list[_Chosen]) -> Iterator[list[_Chosen]]:
    task: list[_Chosen] = []
    size = 0
    for each in chosen:
        task.append(each)
        size += len(each[2])
        if size >= _OF_A_TASK:
            yield task
            task, size = [], 0
    yield task


def _embed(task: list[_Chosen]) -> list[tuple[Any, ...]]:
    told = []
    for file, numbers, places in task:
        title, texts = read(file)
        told.append((file, title, [texts[number] for number in numbers], places))
    vectors = embedder().embed([text for _, _, texts, _ in told for text in texts])
    done, start = [], 0
    for file, title, texts, places in told:
        done.append((file, title, texts, vectors[start : start + len(texts)], places))
        start += len(texts)
    return done


def _shown(rows: list[tuple[File, str, str]]) -> Iterator[list[dict[str, Any]]]:
    sources = _sources([file.path for file, _, _ in rows])
    for start in range(0, len(rows), BATCH):
        some = zip(rows[start : start + BATCH], sources[start : start + BATCH], strict=True)
        yield [
            {
                "segment_id": make_id("segment", source, file.path, text),
                "asset_id": make_id("asset", source, file.path),
                "source": source,
                "path": file.path,
                "mime_type": file.mime_type,
                "timestamp": YEAR[0] + _number(file.path) % YEAR[1],
                "title": title,
                "text": text,
            }
            for (file, title, text), source in some
        ]


def _sources(paths: list[str]) -> list[str]:
    """The source of each path: SHARES of all, whole folders at a time."""
    keys = [(_number(path.rpartition("/")[0]), path) for path in paths]
    order = sorted(range(len(paths)), key=keys.__getitem__)
    sources = ["rest"] * len(paths)
    start = 0
    for name, share in SHARES.items():
        end = start + max(1, round(share * len(paths)))
        for place in order[start:end]:
            sources[place] = name
        start = end
    return sources


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def _write(file: Path, schema: pa.Schema, pieces: Any) -> None:
    with pa.ipc.new_file(str(file), schema) as writer:
        for rows in pieces:
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))


def _mapped(file: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(file))).read_all()
