"""Hybrid search in process over a million segments, with and without filters, against LanceDB."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median
from benchmarks.questions import percentile, questions
from benchmarks.segments import Segments, publish_segments, segments
from benchmarks.setting import DRIVERS, REFERENCES, Setting
from benchmarks.venvs import python_with

LANCEDB = "lancedb==0.40.0"
COUNT, QUERIES, WARM, K = 1_000_000, 100, 10, 10
BAR, AHEAD = Bar(20, "most"), Bar(1, "least")
KEPT = {"": "no filter", "tenth": "10 % kept", "hundredth": "1 % kept", "trace": "0.01 % kept"}
NOTE = (
    "{count:,} segments, {asked} questions of three to six words, k 10, one process each, warm, in "
    "turn, {runs} times. Ours embeds the words in that time, looks 100 deep in both, fuses, reads "
    "what hits show, and explains. The reference is " + LANCEDB.replace("==", " ") + " given the "
    "same vectors and questions with their vectors made: IVF_PQ of 1 partition for the root of the "
    "count and 64 codes a vector, 20 probes, 5 times refined; its FTS index on the text (ours has "
    "titles and names too), a bitmap on the source, filters before, its RRFReranker."
)
Told = dict[str, list[float]]
"""By the source that is wanted, milliseconds."""


def run(setting: Setting) -> list[Measure]:
    """Return the 95th percentile for each filter, and how many times that of LanceDB it is."""
    from dataq_lake.lake import open_lake

    found = segments(setting, setting.scaled(COUNT, 5_000))
    python = python_with(setting, LANCEDB)
    reference = REFERENCES / "lancedb_hybrid.py"
    with setting.folder("hybrid") as folder:
        publish_segments(open_lake(folder / "lake"), found)
        command([python, reference, "build", found.folder, folder / "db", str(len(found))])
        asked = _asked(found, folder / "questions.json")
        ours, theirs = [], []
        for _ in range(setting.runs):
            ours.append(_told([sys.executable, DRIVERS / "hybrid.py", folder / "lake", asked]))
            theirs.append(_told([python, reference, "ask", folder / "db", asked]))
    note = NOTE.format(count=len(found), asked=QUERIES, runs=setting.runs)
    return [
        each
        for source, words in KEPT.items()
        for each in _figures(
            words, [one[source] for one in ours], [one[source] for one in theirs], note
        )
    ]


def _asked(found: Segments, file: Path) -> Path:
    from dataq_lake.embedders import embedder

    words = questions(found, WARM + QUERIES)
    vectors = embedder().embed(words).tolist()
    both = list(zip(words, vectors, strict=True))
    file.write_text(json.dumps({"sources": list(KEPT), "warm": WARM, "questions": both}))
    return file


def _told(argv: list[str | Path]) -> Told:
    told = command([*argv, str(K)]).json()
    return {source: [1000 * took for took, _ in each] for source, each in told.items()}


def _figures(
    words: str, ours: list[list[float]], theirs: list[list[float]], note: str
) -> list[Measure]:
    mine, others = [*map(percentile, ours)], [*map(percentile, theirs)]
    ratios = tuple(b / a for a, b in zip(mine, others, strict=True))
    name = f"hybrid search, {words}"
    told = f"median {median([each for run in ours for each in run]):.1f} ms"
    reference = f"p95 {median(others):.1f} ms"
    return [
        Measure(f"{name}, p95", median(mine), "ms", BAR, told, reference, tuple(mine), note),
        Measure(
            f"{name}: LanceDB's p95 by ours",
            median(ratios),
            "×",
            AHEAD,
            f"{median(mine):.1f} ms",
            f"{median(others):.1f} ms",
            ratios,
            "The same runs.",
        ),
    ]
