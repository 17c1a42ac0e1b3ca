"""The judged queries: what people who had read the files would want each to find, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from benchmarks.ranking import DEPTH, Quality, quality
from benchmarks.setting import CHECKOUT

if TYPE_CHECKING:
    from dataq_lake.search import Hit, Mode, Searcher

Corpus = Literal["examples", "corpus"]
FOLDER = CHECKOUT / "tests" / "search" / "judged"
GRADES = {"asked for": 2, "helpful": 1}
KINDS = ("csv", "html", "ics", "srt", "txt", "vtt")
PLACES = ("mail", "web", *(f"documents/{kind}" for kind in KINDS))
"""The folders of the corpus that are asked; the rest is archives of no words, and pictures."""
HITS = 5 * DEPTH  # of which some are other passages of a document that was shown already


@dataclass(frozen=True)
class Judgement:
    """A document that is relevant: by any passage, or by one in which the phrase stands."""

    path: str
    grade: int
    phrase: str = ""

    def meets(self, hit: Hit) -> bool:
        """Whether `hit` is what was judged."""
        return hit.path == self.path and self.phrase in " ".join(hit.text.split())


@dataclass(frozen=True)
class JudgedQuery:
    """What a person types, of what kind it is, all that is relevant, and the reason."""

    query: str
    kind: str
    why: str
    relevant: tuple[Judgement, ...]

    def quality(self, hits: Sequence[Hit]) -> Quality:
        """How good the hits of this query are."""
        return quality(self.grades(hits), [each.grade for each in self.relevant])

    def grades(self, hits: Sequence[Hit]) -> list[int]:
        """The grade of each document, in order of the hits, 0 where it was not judged relevant.

        A further passage of a document counts only if it is what was judged: people skip it.
        """
        grades: list[int] = []
        seen: set[str] = set()
        left = {each.path: each for each in self.relevant}
        for hit in hits:
            judgement = left.get(hit.path)
            if judgement and judgement.meets(hit):
                grades.append(left.pop(hit.path).grade)
            elif hit.path not in seen:
                grades.append(0)
            seen.add(hit.path)
        return grades


def judged(corpus: Corpus) -> list[JudgedQuery]:
    """The judged queries over examples/inbox or over the folder of real input files."""
    text = (FOLDER / f"{corpus}.yaml").read_text(encoding="utf-8")
    return [_query(entry) for entry in yaml.safe_load(text)]


def files(corpus: Corpus, folder: Path) -> list[Path]:
    """The files of `folder` that the queries of a corpus are asked over, in order."""
    places = (".",) if corpus == "examples" else PLACES
    return sorted(
        path for place in places for path in (folder / place).rglob("*") if path.is_file()
    )


def qualities(searcher: Searcher, queries: Sequence[JudgedQuery], mode: Mode) -> list[Quality]:
    """How good a mode of search is for each query."""
    return [each.quality(searcher.search(each.query, HITS, mode=mode)) for each in queries]


def missing(queries: Sequence[JudgedQuery], folder: Path) -> set[str]:
    """The judged paths that are not in `folder`; of members, the file that they are in."""
    paths = {each.path.partition("!/")[0] for query in queries for each in query.relevant}
    return {path for path in paths if not (folder / path).is_file()}


def _query(entry: dict[str, Any]) -> JudgedQuery:
    relevant = [
        Judgement(each, grade) if isinstance(each, str) else Judgement(grade=grade, **each)
        for name, grade in GRADES.items()
        for each in entry.get(name, [])
    ]
    return JudgedQuery(entry["query"], entry["kind"], entry["why"], tuple(relevant))
