"""Real files: all go through the pool, none crashes or hangs it, and what is readable is read."""

from __future__ import annotations

import email
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest

from dataq_analyzers.analysis import analyze, size_of
from dataq_analyzers.decode import decode
from dataq_analyzers.detect import detect
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Analysis, Content
from dataq_analyzers.mail import mime
from dataq_analyzers.mail.transfer import body_of
from dataq_analyzers.members import Limits, expand, is_container
from dataq_analyzers.pool import Done, Failed, Pool
from dataq_analyzers.registry import analyzer_for
from tests.analyzers.contract import check


class Read(NamedTuple):
    """A file of the corpus and what became of it."""

    path: str
    content: Content
    outcome: Done[Analysis] | Failed


@pytest.fixture(scope="module")
def contents(corpus: Path) -> dict[str, Content]:
    found = {}
    for path in sorted(path for path in corpus.rglob("*") if path.is_file()):
        data = path.read_bytes()
        media_type = detect(data, path.name).media_type
        found[str(path.relative_to(corpus))] = Content(data, media_type, path.name)
    return found


@pytest.fixture(scope="module")
def read(contents: dict[str, Content]) -> list[Read]:
    """Every file with an analyzer, through worker processes."""
    paths = [path for path, content in contents.items() if analyzer_for(content.media_type)]
    with Pool(workers=2, item_seconds=20) as pool:
        outcomes = list(pool.map(analyze, (contents[path] for path in paths), size_of))
    assert sorted(outcome.index for outcome in outcomes) == list(range(len(paths)))
    return [Read(paths[each.index], contents[paths[each.index]], each) for each in outcomes]


def test_nothing_crashes_hangs_or_breaks_a_unit(read: list[Read]) -> None:
    for path, _, outcome in read:
        if isinstance(outcome, Done):
            check(outcome.value)
        else:
            assert (outcome.kind, outcome.error) == ("error", "SkipContent"), (path, outcome)


def test_the_mails_have_segments(read: list[Read]) -> None:
    mails = [each for each in read if each.path.startswith("mail/") and "tricky" not in each.path]
    assert {each.content.media_type for each in mails} == {"message/rfc822"}
    good = [each for each in mails if isinstance(each.outcome, Done) and each.outcome.value.units]
    assert len(good) >= 0.99 * len(mails)
    bodies = [
        each
        for each in good
        if any(unit.kind != "subject" for unit in each.outcome.value.units)  # type: ignore[union-attr]
    ]
    assert len(bodies) >= 0.98 * len(mails)


def test_all_valid_text_markdown_and_pages_have_segments(read: list[Read]) -> None:
    seen = 0
    for path, content, outcome in read:
        if content.media_type not in ("text/plain", "text/markdown", "text/html"):
            continue
        try:
            text = decode(content.data).text
        except SkipContent:
            continue
        assert isinstance(outcome, Done), path
        assert outcome.value.units or not text.strip(), path
        seen += 1
    assert seen > 100


def test_units_lead_back_to_bytes_and_lines(read: list[Read]) -> None:
    checked = 0
    for path, content, outcome in read:
        if not isinstance(outcome, Done) or content.media_type == "application/xml":
            continue
        for unit in outcome.value.units:
            start, end = unit.start_place.byte, unit.end_place.byte
            if start is None or end is None or not outcome.value.text.isascii():
                continue
            piece = outcome.value.text[unit.start : unit.end]
            if content.media_type.endswith("xml"):
                continue
            assert content.data[start:end].decode("ascii") == piece, path
            assert unit.start_place.line == content.data[:start].count(b"\n") + 1, path
            checked += 1
    assert checked > 2_000


def test_pages_and_mails_have_titles_and_languages(read: list[Read]) -> None:
    pages = [each for each in read if each.path.startswith("web/")]
    for path, _, outcome in pages:
        assert isinstance(outcome, Done), path
        assert outcome.value.title, path
        assert outcome.value.language == "en", path


def leaves(message: Message) -> list[tuple[str, bytes]]:
    payload = message.get_payload()
    if message.get_content_maintype() == "multipart" and isinstance(payload, list):
        return [leaf for part in payload if isinstance(part, Message) for leaf in leaves(part)]
    body = message.get_payload(decode=True)
    return [(message.get_content_type(), body if isinstance(body, bytes) else b"")]


def test_parts_are_those_that_the_standard_library_finds(contents: dict[str, Content]) -> None:
    different = []
    mails = [path for path in contents if path.startswith("mail/") and "tricky" not in path]
    for path in mails:
        data = contents[path].data
        ours = [(part.media_type, body_of(data, part)) for part in mime.parse(data).leaves()]
        theirs = leaves(email.message_from_bytes(data))
        same = [kind for kind, _ in ours] == [kind for kind, _ in theirs] and all(
            kind == "message/rfc822" or our.split() == their.split()
            for (kind, our), (_, their) in zip(ours, theirs, strict=True)
        )
        if not same:
            different.append(path)
    assert len(different) <= 0.01 * len(mails), different


def test_containers_are_opened_to_a_fixed_point(contents: dict[str, Content]) -> None:
    limits = Limits(total_bytes=64 << 20)
    level = [content for content in contents.values() if is_container(content.media_type)]
    opened = 0
    with Pool(workers=2, item_seconds=20) as pool:
        for _ in range(limits.depth):
            inner = []
            for outcome in pool.map(expand, level, size_of):
                assert isinstance(outcome, Done), outcome
                for member in outcome.value.members:
                    assert (member.data is None) == (member.problem is not None)
                    opened += 1
                    kind = detect(member.data or b"", member.path).media_type
                    if is_container(kind):
                        inner.append(Content(member.data or b"", kind, member.path))
            level = inner
    assert opened > 100
    # One file contains itself, without end.
    assert [content.name for content in level] == ["quine"]
