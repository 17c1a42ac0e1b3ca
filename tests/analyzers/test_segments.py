"""Cutting and joining keep every word, in order, within the size of a unit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dataq_analyzers.segments import ENOUGH, LIMIT, TARGET, Block, cut, pack, paragraphs

WORDS = st.text(alphabet="ab .\n\t,é中🙂\r", max_size=4_000)
ANY = st.text(max_size=3_000)


def words(text: str) -> str:
    return "".join(text.split())


@given(st.one_of(WORDS, ANY))
def test_no_character_is_lost_or_doubled(text: str) -> None:
    blocks = list(pack(text, paragraphs(text)))
    assert "".join(words(text[block.start : block.end]) for block in blocks) == words(text)
    end = 0
    for block in blocks:
        piece = text[block.start : block.end]
        assert end <= block.start
        assert piece
        assert piece == piece.strip()
        assert len(piece) <= LIMIT
        end = block.end


@given(st.integers(0, 5_000), st.integers(0, 50))
def test_a_text_without_any_break_is_cut_all_the_same(length: int, start: int) -> None:
    text = " " * start + "x" * length
    pieces = list(cut(text, Block(start, start + length)))
    assert "".join(text[piece.start : piece.end] for piece in pieces) == "x" * length


def test_small_paragraphs_are_joined() -> None:
    text = "\n\n".join(["A short paragraph."] * 10)
    assert [text[block.start : block.end] for block in pack(text, paragraphs(text))] == [text]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentence = "This sentence has some words in it, and then it ends."
    text = " ".join([sentence] * 60)
    pieces = [text[piece.start : piece.end] for piece in cut(text, Block(0, len(text)))]
    assert len(pieces) > 1
    assert all(piece.endswith("ends.") for piece in pieces)
    assert all(len(piece) > LIMIT / 2 for piece in pieces[:-1])


def test_an_early_sentence_does_not_make_a_tiny_piece() -> None:
    text = "Short. " + "word " * 400
    first = next(cut(text, Block(0, len(text))))
    assert first.end > LIMIT * 0.9


def test_paragraphs_end_at_blank_lines_of_any_kind() -> None:
    text = "one\nstill one\n \t\ntwo\r\n\r\nthree\n\n\n\n  four"
    found = [text[block.start : block.end] for block in paragraphs(text)]
    assert found == ["one\nstill one", "two", "three", "four"]


def test_a_heading_begins_a_unit_and_stays_with_what_follows() -> None:
    body = "word " * (ENOUGH // 5)
    text = f"Title\n\n{body}\n\nSecond\n\n{body}"
    blocks = [
        block._replace(heading=text[block.start : block.end] in ("Title", "Second"))
        for block in paragraphs(text)
    ]
    units = [text[unit.start : unit.end] for unit in pack(text, blocks)]
    assert [unit.split()[0] for unit in units] == ["Title", "Second"]


def test_units_come_near_the_target() -> None:
    text = "\n\n".join(["Ten words are in this paragraph, that is all of it."] * 200)
    sizes = [unit.end - unit.start for unit in pack(text, paragraphs(text))]
    assert all(TARGET * 0.8 < size <= TARGET for size in sizes[:-1])
