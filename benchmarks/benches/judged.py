"""Hybrid search against the better of its two retrievers, on queries judged by reading."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.homes import dataq_run, make_home
from benchmarks.judgements import Corpus, files, judged, qualities
from benchmarks.measure import Bar, Measure
from benchmarks.ranking import Quality, mean
from benchmarks.setting import CHECKOUT, Setting, corpus

BAR = Bar(1.03, "least")
INBOX = CHECKOUT / "examples" / "inbox"
Found = dict[str, list[Quality]]
"""By mode of search, the quality of each query."""


def run(setting: Setting) -> list[Measure]:
    """Return a figure for each set, and one with the bar for all where the corpus is there."""
    folder = corpus()
    examples = _found(setting, "examples", INBOX)
    if folder is None:
        return [_figure("examples/inbox", examples)]
    real = _found(setting, "corpus", folder)
    every = {mode: examples[mode] + real[mode] for mode in examples}
    return [
        _figure("all judged queries", every, BAR),
        _figure("examples/inbox", examples),
        _figure("the corpus", real),
    ]


def _found(setting: Setting, name: Corpus, tree: Path) -> Found:
    from dataq_lake.lake import open_lake
    from dataq_lake.search import MODES, Searcher

    queries = judged(name)
    with setting.folder("judged") as folder:
        for path in files(name, tree):
            copy = folder / "tree" / path.relative_to(tree)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        home = make_home(folder / "home", folder / "tree")
        dataq_run(home)
        searcher = Searcher(open_lake(home / "lake").index())
        return {mode: qualities(searcher, queries, mode) for mode in MODES}


def _figure(what: str, found: Found, bar: Bar | None = None) -> Measure:
    means = {mode: mean(each) for mode, each in found.items()}
    best = max(("text", "vector"), key=lambda mode: means[mode].ndcg)
    return Measure(
        f"nDCG@10, hybrid, {what}",
        means["hybrid"].ndcg / means[best].ndcg,
        "×",
        bar,
        f"{means['hybrid'].ndcg:.3f}",
        f"{best} {means[best].ndcg:.3f}",
        note=f"{len(found[best])} queries. "
        + "; ".join(
            f"{mode}: MRR {each.reciprocal_rank:.3f}, recall@10 {each.recall:.3f}"
            for mode, each in means.items()
        )
        + ".",
    )
