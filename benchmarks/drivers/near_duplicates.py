"""Writes a lake of texts of which some are alike, finds which, in two ways, and exactly."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from dataq_lake.ids import make_id
from dataq_lake.lake import Lake, open_lake

VOCABULARY = 50_000
LEAST = 0.7
Found = dict[tuple[int, int], float]


def documents(count: int, words: int, changed: float) -> list[str]:
    """Of each five documents three are new, one is the last with some of its words changed.

    The fifth is the same with four times as many changed: alike, but not enough. Each has from
    2/3 to 4/3 of `words`, of a vocabulary that is used as words are (Zipf).
    """
    random = np.random.default_rng(5)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    lengths = np.clip(random.poisson(4.5, VOCABULARY), 2, 14)
    vocabulary = np.array(["".join(random.choice(letters, size)) for size in lengths], object)
    shares = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    made: list[str] = []
    for number in range(count):
        if number % 5 < 3:
            size = int(random.integers(words * 2 // 3, words * 4 // 3 + 1))
            last = vocabulary[np.searchsorted(shares, random.random(size) * shares[-1])]
        share = {3: changed, 4: 4 * changed}.get(number % 5, 0.0)
        told = last.copy()
        other = random.random(len(told)) < share
        told[other] = vocabulary[random.integers(0, VOCABULARY, int(other.sum()))]
        made.append(" ".join(told))
    return made


def family(count: int, words: int, changed: float) -> list[str]:
    """So many variants of one document."""
    first = documents(1, words, 0)[0].split()
    random = np.random.default_rng(6)
    made = []
    for _ in range(count):
        told = [f"w{random.integers(1 << 30)}" if random.random() < changed else w for w in first]
        made.append(" ".join(told))
    return made


def write(root: str, texts: list[str]) -> None:
    """A lake in which each text is that of a current file of plain text."""
    from dataq_analyzers.registry import analyzer_for

    analyzer = analyzer_for("text/plain")
    assert analyzer is not None
    hashes = [sha256(text.encode()).hexdigest() for text in texts]
    files = [sha256(f"file {text}".encode()).hexdigest() for text in texts]
    ids = [make_id(number) for number in range(len(texts))]
    text_ids = [make_id("text", number) for number in range(len(texts))]
    version = analyzer.version
    columns: dict[str, dict[str, object]] = {
        "assets": {"id": ids, "path": list(map(str, range(len(texts)))), "file_hash": files,
                   "mime_type": "text/plain", "file_size": 1, "source": "s"},
        "entities": {"id": ids, "entity_type": "asset", "is_latest": True},
        "texts": {"id": text_ids, "content_hash": files, "extractor": analyzer.name,
                  "extractor_version": version, "text_hash": hashes, "text": texts},
        "analyses": {"content_hash": files, "analyzer": analyzer.name,
                     "analyzer_version": version, "outcome": "text", "text_id": text_ids},
    }  # fmt: skip
    lake = open_lake(root)
    for table, told in columns.items():
        lake.table(table).append(_batches(lake, table, told, len(texts)))


def _batches(
    lake: Lake, table: str, told: dict[str, object], count: int
) -> Iterator[pa.RecordBatch]:
    schema = lake.table(table).table.schema
    for start in range(0, count, 10_000):
        size = min(10_000, count - start)
        arrays = []
        for field in schema:
            value = told.get(field.name)
            some = value[start : start + size] if isinstance(value, list) else [value] * size
            arrays.append(pa.array(some, field.type))
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def relate(root: str) -> tuple[float, float]:
    """Seconds, and seconds of all processors, from the tables to durable edges."""
    from dataq_analyzers.pool import Pool
    from dataq_assets.stages.relation import Relating
    from dataq_assets.stages.relationships import Relationships
    from dataq_lake.indexes.manifest import NO_MODEL
    from dataq_lake.written import CommitInfo
    from dataq_resources.changes import Changes

    lake = open_lake(root)
    for name in ("relationships", "relations", "sketches"):
        lake.table(name).clear()
    before, begun = os.times(), time.perf_counter()
    with Pool() as pool:
        stage = Relationships(Relating(lake, pool, "bench", NO_MODEL), 0, ["near_duplicate_of"])
        Changes(stage.rounds()).commit(lake, CommitInfo("bench", "relationships"))
    seconds, after = time.perf_counter() - begun, os.times()
    return seconds, sum(after[:4]) - sum(before[:4])


def pairs(texts: list[str]) -> tuple[float, pl.DataFrame, pl.Series]:
    """The seconds of processors from texts to pairs, the pairs, and the order of the texts."""
    import rensa  # noqa: F401 - to load it is not counted

    from dataq_assets.stages.alike import alike
    from dataq_assets.stages.candidates import candidates
    from dataq_assets.stages.shingles import ShingleSets, shingle_sets, sketch

    hashes = pl.Series("text_hash", [f"{number:08}" for number in range(len(texts))])

    def read(
        places: np.typing.NDArray[np.int64],
    ) -> Iterator[tuple[np.typing.NDArray[np.int64], ShingleSets]]:
        for start in range(0, len(places), 1000):
            some = places[start : start + 1000]
            yield some, shingle_sets([texts[place] for place in some])

    begun = time.process_time()
    bands = pl.Series("bands", sketch(texts)).arr.to_list()
    wanted = candidates(pl.DataFrame([hashes, bands]), hashes)
    found = alike(wanted, hashes, read)
    return time.process_time() - begun, found, hashes


def exactly(texts: list[str]) -> Found:
    """Every pair of documents of Jaccard .7 or more, by a way that leaves none out.

    Two sets of which each has 70 % of the other share one of the rarest 30 % of both (AllPairs,
    Bayardo and others 2007). What shares one is compared as sets of words in Python.
    """
    sets = [_shingles(text) for text in texts]
    sizes = np.array([len(each) for each in sets])
    codes = np.fromiter((hash(s) for each in sets for s in each), np.int64, int(sizes.sum()))
    _, number, count = np.unique(codes, return_inverse=True, return_counts=True)
    owners = np.repeat(np.arange(len(sets)), sizes)
    order = np.lexsort((number, count[number], owners))
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rare = order[place < np.repeat(sizes - np.ceil(LEAST * sizes - 1e-9) + 1, sizes)]
    index = pl.DataFrame({"document": owners[rare], "shingle": number[rare]}).lazy()
    shared = index.join(index, on="shingle").filter(pl.col("document") < pl.col("document_right"))
    found: Found = {}
    for one, other in shared.select("document", "document_right").unique().collect().iter_rows():
        both = len(sets[one] & sets[other])
        jaccard = both / (len(sets[one]) + len(sets[other]) - both)
        if jaccard >= LEAST:
            found[one, other] = jaccard
    return found


def _shingles(text: str) -> set[tuple[str, str, str]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


def edges(root: str) -> set[tuple[int, int]]:
    """The stored edges, by the numbers of the documents."""
    lake = open_lake(root)
    numbers = {
        id_: int(path)
        for id_, path in lake.table("assets").scan(["id", "path"]).collect().iter_rows()
    }
    stored = lake.table("relationships").scan(["source_id", "target_id"]).collect()
    return {tuple(sorted((numbers[a], numbers[b]))) for a, b in stored.iter_rows()}  # type: ignore[misc]


def alike_pairs(root: str, count: int, words: int, changed: float, runs: int) -> dict[str, object]:
    """What a bench has to know of so many documents."""
    texts = documents(count, words, changed)
    if not Path(root).exists():
        write(root, texts)
    pure, whole = [], []
    for _ in range(runs):
        seconds, found, _ = pairs(texts)
        pure.append(seconds)
        whole.append(relate(root))
    exact = exactly(texts)
    stored = edges(root)
    told = {(int(a), int(b)) for a, b in found.select("source_text", "target_text").iter_rows()}
    return {
        "pure": pure, "whole": whole, "exact": len(exact), "stored": len(stored),
        "hit": len(stored & exact.keys()),
        "pairs": len(told), "pairs_hit": len(told & exact.keys()),
        "words": float(np.mean([text.count(" ") + 1 for text in texts])),
        "bytes": float(np.mean([len(text) for text in texts])),
    }  # fmt: skip


def group(root: str, count: int, words: int, changed: float) -> dict[str, object]:
    """How many edges a family of texts has, and how much of it they hold together."""
    texts = family(count, words, changed)
    write(root, texts)
    relate(root)
    found, exact = edges(root), exactly(texts)
    return {
        "edges": len(found), "exact": len(exact), "hit": len(found & exact.keys()),
        "reach": _reach(found), "exact_reach": _reach(exact.keys()),
    }  # fmt: skip


def _reach(found: Iterable[tuple[int, int]]) -> int:
    """How many texts the largest group has that these pairs make."""
    leader: dict[int, int] = {}

    def first(text: int) -> int:
        while leader.setdefault(text, text) != text:
            leader[text] = leader[leader[text]]
            text = leader[text]
        return text

    for one, other in found:
        leader.update({first(other): first(one)})
    return max(Counter(map(first, list(leader))).values())


if __name__ == "__main__":
    what, root_, count_, words_, changed_, *rest = sys.argv[1:]
    arguments = (root_, int(count_), int(words_), float(changed_))
    pairs_asked = what == "pairs"
    made_ = alike_pairs(*arguments, int(rest[0])) if pairs_asked else group(*arguments)
    print(json.dumps(made_))
