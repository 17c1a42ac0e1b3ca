"""Asks questions of one open index: LAKE QUESTIONS.json K."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from dataq_lake.lake import open_lake
from dataq_lake.search import Searcher
from dataq_lake.search.filters import Filters


def main(lake: str, file: str, k: int) -> None:
    """Print the seconds of each question and how much it found, by the source that is wanted."""
    asked = json.loads(Path(file).read_text())
    searcher = Searcher(open_lake(lake).index())
    told: dict[str, list[list[float]]] = {}
    for source in asked["sources"]:
        filters = Filters(sources=(source,)) if source else None
        for number, (words, _) in enumerate(asked["questions"]):
            begun = time.perf_counter()
            found = searcher.search(words, k, filters)
            took = time.perf_counter() - begun
            if number >= asked["warm"]:
                told.setdefault(source, []).append([took, len(found)])
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
