"""What responses, names and states are made of: any bytes are read, refused, or come back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_plugins.sources.imap.answers import answer, pairs, parse
from dataq_plugins.sources.imap.errors import Broken
from dataq_plugins.sources.imap.folders import Standing
from dataq_plugins.sources.imap.known import Box, ForeignState, Sent, pack, unpack
from dataq_plugins.sources.imap.mailbox import flags_of, seconds_of
from dataq_plugins.sources.imap.names import decoded, encoded, ranges_of, shown, uid_set
from dataq_plugins.sources.imap.wire import TooLong


def test_a_response_is_read_with_its_literals() -> None:
    told = answer([b"* 12 FETCH (UID 7 FLAGS (\\Seen a) BODY[]<0> ", b"x\r\n(", b" X NIL)"])
    assert (told.tag, told.number, told.word) == ("*", 12, "FETCH")
    assert pairs(told.values()[0]) == {
        "UID": b"7",
        "FLAGS": [b"\\Seen", b"a"],
        "BODY[]<0>": b"x\r\n(",
        "X": None,
    }
    assert parse([b"", TooLong(9), b""]) == [TooLong(9)]


def test_a_status_has_a_code_and_a_text() -> None:
    told = answer([b"* OK [HIGHESTMODSEQ 715194045007] fine"])
    assert (told.word, told.code, told.about) == ("OK", "HIGHESTMODSEQ", b"715194045007")
    assert answer([b"d7 NO [AUTHENTICATIONFAILED] no"]).code == "AUTHENTICATIONFAILED"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (rb'(\Noselect) "/" "a \"b\" \\c"', [[rb"\Noselect"], b"/", rb'a "b" \c']),
        (b"() NIL [Gmail]/All", [[], None, b"[Gmail]/All"]),
        (b"BODY[HEADER.FIELDS (DATE)] x", [b"BODY[HEADER.FIELDS (DATE)]", b"x"]),
        (b'"" {', [b"", b"{"]),
    ],
)
def test_values(text: bytes, values: list[object]) -> None:
    assert parse([text]) == values


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=7))
def test_any_response_is_read_or_refused(parts: list[bytes]) -> None:
    try:
        told = answer(list(parts))
        told.values()
    except Broken:
        pass


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_names_come_back(name: str) -> None:
    assert decoded(encoded(name)) == name
    assert re.fullmatch(rb"[\x20-\x7e]*", encoded(name))


@given(st.binary())
def test_any_name_is_shown(raw: bytes) -> None:
    decoded(raw).encode()
    shown(raw, b".").encode()


@pytest.mark.parametrize(
    ("raw", "delimiter", "name"),
    [
        (b"Gr&APwA3w-e", b"/", "Grüße"),
        (b"Lists.dev", b".", "Lists/dev"),
        (b"a/b.c", b".", "a%2Fb/c"),
        (b"&", b"/", "&"),
        (b"&-", b"/", "&"),
        (b"&Jjo!", b"/", "&Jjo!"),
        (b"flat", None, "flat"),
    ],
)
def test_a_name_is_shown_as_a_path(raw: bytes, delimiter: bytes | None, name: str) -> None:
    assert shown(raw, delimiter) == name


@given(st.sets(st.integers(1, 300)))
def test_sets_of_uids_come_back(uids: set[int]) -> None:
    ranges = ranges_of(uid_set(sorted(uids))) if uids else []
    assert {uid for first, last in ranges for uid in range(first, last + 1)} == uids


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        (b"19-May-2026 08:30:00 +0000", 1_779_179_400),
        (b" 9-may-2026 10:30:00 +0200", 1_778_315_400),
        (b"01-Jan-1970 00:00:00 -0000", 0),
        (b"31-Dec-9999 23:59:60 +0000", 253_370_764_799),
        (b"30-Feb-2026 00:00:00 +0000", 0),
        (b"today", 0),
        (None, 0),
    ],
)
def test_dates(date: bytes | None, seconds: int) -> None:
    assert seconds_of(date) == seconds


def test_flags_are_words_without_what_is_of_a_session() -> None:
    assert flags_of([rb"\Seen", rb"\Recent", b"$Forwarded", b"Work"]) == (
        "$Forwarded",
        "Work",
        "seen",
    )


SENTS = st.builds(
    Sent,
    st.integers(-(1 << 35), 1 << 37),
    st.lists(st.text(max_size=5), max_size=3).map(tuple),
    st.binary(min_size=16, max_size=16),
    st.text(max_size=8),
)
BOXES = st.builds(
    Box,
    st.integers(1, (1 << 32) - 1),
    st.dictionaries(st.integers(1, (1 << 32) - 1), SENTS.filter(lambda sent: bool(sent.name))),
    st.none() | st.builds(Standing, *[st.integers(0, (1 << 63) - 1)] * 4),
    st.lists(SENTS).map(lambda sents: {sent.name: sent for sent in sents}),
)


@given(st.dictionaries(st.text(max_size=8), BOXES, max_size=3))
def test_a_state_comes_back(known: dict[str, Box]) -> None:
    assert unpack(pack(known, "ana"), "ana") == known


def test_a_state_of_somebody_else_or_a_damaged_one_is_refused() -> None:
    state = pack({"INBOX": Box(7, {1: Sent(0, ("seen",), bytes(16), "7/1")})}, "ana")
    for data, user in ((state, "ben"), (state[:-9], "ana"), (b"x" + state, "ana"), (b"", "ana")):
        with pytest.raises(ForeignState):
            unpack(data, user)
