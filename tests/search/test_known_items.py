"""Search is worth its name on real texts: what is known to be there is found, and fused best."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import open_lake
from dataq_lake.search import MODES, Mode, Searcher
from tests.search.notes import documents

QUERIES = 100
Rows = list[dict[str, str]]


def pieces(path: str, title: str, text: str) -> Rows:
    """A text in passages of 800 characters."""
    starts = range(0, max(len(text), 1), 800)
    return [{"path": path, "title": title, "text": text[at : at + 800]} for at in starts]


def manual(folder: Path) -> tuple[Rows, list[tuple[str, str]]]:
    """Sections of the Python manual without their headings, and heading → section."""
    from selectolax.lexbor import LexborHTMLParser

    rows: Rows = []
    headings: dict[str, list[str]] = {}
    for file in sorted((folder / "web").rglob("*.html")):
        page = LexborHTMLParser(file.read_bytes().decode("utf-8", "replace"))
        named = page.css_first("title")
        title = named.text() if named else ""
        for number, section in enumerate(page.css("section")):
            parts = {"heading": "", "body": ""}
            for child in section.iter():
                heading = child.tag in {"h1", "h2", "h3", "h4"}
                if heading or child.tag != "section":
                    parts["heading" if heading else "body"] += " " + child.text(separator=" ")
            body = " ".join(parts["body"].split())
            if len(body) > 100:
                path = f"{file.name}/{number}"
                rows += pieces(path, title, body)
                name = re.sub(r"^[\d.\s]+|¶", "", parts["heading"]).strip()
                headings.setdefault(name, []).append(path)
    return rows, [(name, found[0]) for name, found in headings.items() if len(found) == 1]


def mails(folder: Path) -> tuple[Rows, list[tuple[str, str]]]:
    """Mails, and subject → mail for subjects that only one has."""
    from email import message_from_bytes, policy

    rows: Rows = []
    subjects: dict[str, list[str]] = {}
    for file in sorted((folder / "mail").rglob("*.eml"))[::3]:
        try:
            mail = message_from_bytes(file.read_bytes(), policy=policy.default)
            body = mail.get_body(("plain", "html"))
            text = body.get_content() if body else ""
        except (LookupError, KeyError, ValueError, TypeError, AttributeError):
            continue
        subject = re.sub(r"^((re|fwd?):\s*|\[[^\]]*\]\s*)+", "", str(mail["subject"]), flags=re.I)
        rows += pieces(file.name, str(mail["subject"]), text)
        subjects.setdefault(subject, []).append(file.name)
    return rows, [(s, found[0]) for s, found in subjects.items() if len(found) == 1 and len(s) > 8]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("kind", "least"), [("manual", 0.7), ("mails", 0.9)])
def test_fused_search_finds_at_least_what_either_finds(
    corpus: Path, tmp_path: Path, model: Model, kind: str, least: float
) -> None:
    rows, known = {"manual": manual, "mails": mails}[kind](corpus)
    lake = open_lake(tmp_path)
    publish(lake, Publication(model, [documents(rows)]))
    searcher = Searcher(open_snapshot(lake.root))
    chosen = random.Random(1).sample(known, min(QUERIES, len(known)))
    recall = {mode: share_found(searcher, chosen, mode) for mode in MODES}
    assert recall["hybrid"] >= max(recall["text"], recall["vector"]), recall
    assert min(recall["hybrid"], recall["text"]) >= least, recall
    assert recall["vector"] >= least - 0.05, recall  # titles do that: without, it is 0.4 for mails


def share_found(searcher: Searcher, known: list[tuple[str, str]], mode: Mode) -> float:
    """R@10: the share of queries with the right document among the first ten hits."""
    found = [
        path in {hit.path for hit in searcher.search(query, 10, mode=mode)} for query, path in known
    ]
    return sum(found) / len(found)
