"""Bytes become text by what they are, and every place leads back to its byte."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_analyzers.decode import MAX_BYTES, Locator, codec_name, decode
from dataq_analyzers.errors import SkipContent

TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff")
    | st.sampled_from("\n\r\t")
)


@given(TEXT)
def test_utf8_comes_back(text: str) -> None:
    assert decode(text.encode()).text == text


@given(TEXT, st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]))
def test_a_byte_order_mark_decides(text: str, encoding: str) -> None:
    mark = "\ufeff".encode(encoding)
    found = decode(mark + text.encode(encoding), charset="latin-1")
    assert (found.text, found.encoding, found.mark) == (text, encoding, len(mark))


@given(
    TEXT.filter(bool),
    st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]),
    st.lists(st.integers(0, 10_000), max_size=8),
)
def test_places_are_bytes_and_lines(text: str, encoding: str, offsets: list[int]) -> None:
    data = "\ufeff".encode(encoding) + text.encode(encoding)
    locator = Locator(decode(data))
    for char in sorted(offset % (len(text) + 1) for offset in offsets):
        place = locator.place(char)
        assert data[: place.byte].decode(encoding) == "\ufeff" + text[:char]
        assert place.line == text.count("\n", 0, char) + 1


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Ein schöner Tag für Grüße aus Köln, schön wär's.", "cp1252"),
        ("Однажды, в студёную зимнюю пору, я из лесу вышел", "cp1251"),
        ("Однажды, в студёную зимнюю пору, я из лесу вышел; был сильный мороз.", "koi8-r"),
        ("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", "shift_jis"),
    ],
)
def test_old_encodings_are_guessed(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize("encoding", ["iso-2022-jp", "gb2312", "koi8-r", "windows-1250", "big5"])
def test_a_declared_charset_is_believed_where_it_fits(encoding: str) -> None:
    samples = {"iso-2022-jp": "日本語", "gb2312": "中文字", "koi8-r": "Привет", "big5": "繁體字"}
    text = samples.get(encoding, "Příliš žluťoučký kůň")
    assert decode(text.encode(encoding), encoding).text == text


def test_utf8_with_a_few_mistakes_stays_utf8() -> None:
    data = "Grüße, Füße, Straße, Übermut, Öl und Ärger ".encode() * 20 + b"\xe3 end"
    assert decode(data).text == data.decode("utf-8", "replace")


def test_utf16_without_a_mark_is_seen() -> None:
    assert decode("Hello, world\n".encode("utf-16-le")).text == "Hello, world\n"


@pytest.mark.parametrize(
    "data", [b"\0\1\2\3" * 100, bytes(range(256)) * 4, b"ab\0cd", b"\x01" * 99]
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(SkipContent, match="not text"):
        decode(data)


def test_a_mark_that_lies_is_refused() -> None:
    with pytest.raises(SkipContent, match="byte order mark of utf-8"):
        decode(codecs.BOM_UTF8 + b"\xff\xfe\xfa")


def test_too_much_is_refused() -> None:
    with pytest.raises(SkipContent, match="too large to analyze"):
        decode(bytes(MAX_BYTES + 1))


@pytest.mark.parametrize("name", ["", "no-such-charset", "rot13", "base64", "x" * 5_000, "a\0b"])
def test_unknown_charsets_are_none(name: str) -> None:
    assert codec_name(name) is None
