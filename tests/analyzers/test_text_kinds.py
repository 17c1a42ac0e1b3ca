"""Plain text, Markdown, JSON, tables, code and XML: units with their places, whatever comes."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_analyzers.analysis import analyze
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Content
from tests.analyzers.contract import check, check_bytes

TEXT_TYPES = [
    "text/plain", "text/x-unheard-of", "text/markdown", "application/json", "application/x-ndjson",
    "text/csv", "text/tab-separated-values", "text/x-python", "text/x-c", "text/x-c++", "text/x-go",
    "text/x-java", "text/javascript", "text/x-ruby", "text/x-rust", "text/x-shellscript",
    "text/x-typescript", "text/x-tsx",
]  # fmt: skip
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff")
    | st.sampled_from("\n\r\t \x1b\x0c"),
    max_size=4_000,
)
CODE = st.lists(
    st.sampled_from(
        ["def f(x):\n    return x\n", "class A {\n", "}\n", "{", "[1, ", "]", '"ü', "//\n", "# é\n",
         ",", "func main() {}\n", "<div>", "\n\n", "x = 1;\n", "fn a() {}\n", "|", "\t", "- item\n"]
    ),
    max_size=120,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("media_type", TEXT_TYPES)
@given(text=st.one_of(TEXT, CODE))
def test_any_text_gives_units_that_are_its_slices(media_type: str, text: str) -> None:
    content = Content(text.encode(), media_type, "name")
    analysis = analyze(content)
    assert analysis.text == text
    check(analysis)
    check_bytes(content, analysis)
    if media_type == "text/plain" and text.strip():
        assert analysis.units


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=60,
))  # fmt: skip
def test_a_json_pointer_leads_to_what_the_unit_shows(value: object) -> None:
    source = json.dumps(value, indent=1)
    content = Content(source.encode(), "application/json")
    analysis = analyze(content)
    check(analysis)
    assert analysis.warnings == ()
    assert "".join("".join(source[u.start : u.end].split()) for u in analysis.units)
    for unit in analysis.units:
        shown = source[unit.start : unit.end]
        found = resolve(json.loads(source), unit.start_place.element or "")
        if unit.start_place.element == unit.end_place.element and len(shown) < 900:
            body = shown.partition(": ")[2] if shown.startswith('"') and '": ' in shown else shown
            assert json.dumps(found) in (json.dumps(load(body)), json.dumps(load(shown)))


def load(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def resolve(value: object, pointer: str) -> object:
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]  # type: ignore[index]
    return value


def test_large_json_is_opened_down_to_what_fits() -> None:
    value = {"title": "Orders", "rows": [{"id": n, "note": "word " * 30} for n in range(50)]}
    analysis = analyze(Content(json.dumps(value).encode(), "application/json"))
    check(analysis)
    assert analysis.title == "Orders"
    assert len(analysis.units) > 8
    assert analysis.units[1].start_place.element is not None
    assert analysis.units[1].start_place.element.startswith("/rows/")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "[1, 2", "{]}", "nul", "1 2"])
def test_json_that_is_none_is_still_text(text: str) -> None:
    analysis = analyze(Content(text.encode(), "application/json"))
    check(analysis)
    assert analysis.units
    assert "not read as JSON" in analysis.warnings[0]


def test_json_lines_are_rows() -> None:
    text = "\n".join(json.dumps({"n": n, "text": "some words " * 20}) for n in range(20))
    analysis = analyze(Content(text.encode(), "application/x-ndjson"))
    check(analysis)
    first = analysis.units[1]
    number = int((first.start_place.element or "/").removeprefix("/"))
    assert json.loads(text.splitlines()[number])["n"] == number
    assert first.start_place.line == number + 1


def test_a_number_of_many_digits_is_no_obstacle() -> None:
    assert analyze(Content(b'{"n": ' + b"9" * 10_000 + b"}", "application/json")).warnings == ()


@given(st.lists(st.lists(st.text(alphabet='ab,"\n\r é', max_size=60), min_size=2, max_size=4)))
def test_table_units_hold_whole_rows(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    source = file.getvalue()
    analysis = analyze(Content(source.encode(), "text/csv"))
    check(analysis)
    for unit in analysis.units:
        piece = source[unit.start : unit.end]
        assert unit.start_place.element is not None
        assert unit.end_place.element is not None
        first = int(unit.start_place.element.removeprefix("row="))
        last = int(unit.end_place.element.removeprefix("row="))
        assert list(csv.reader(io.StringIO(piece, newline=""))) == rows[first - 1 : last]


def test_code_units_are_definitions() -> None:
    body = "    total = left + right  # add them\n" * 6
    source = (
        f"import os\n\n\ndef add(left, right):\n{body}\n\nclass Till:\n    '''Ä till.'''\n\n"
        + "".join(
            f"    def part_{n}(self):\n{'        # a comment of some length' * 8}\n        pass\n\n"
            for n in range(4)
        )
    )
    analysis = analyze(Content(source.encode(), "text/x-python", "till.py"))
    check(analysis)
    named = [(unit.kind, unit.start_place.element) for unit in analysis.units]
    assert ("function", "add") in named
    assert ("function", "Till.part_3") in named
    assert analysis.language == "zxx"


@pytest.mark.parametrize(
    ("media_type", "source", "name"),
    [
        ("text/x-c", "int main(void) { return 0; }", "main"),
        ("text/x-c++", "template <class T> T twice(T x) { return x + x; }", "twice"),
        ("text/x-go", "func Hello() string { return \"hi\" }", "Hello"),
        ("text/x-java", "public class Till { int sum() { return 1; } }", "Till"),
        ("text/javascript", "export function hello() { return 1 }", "hello"),
        ("text/x-ruby", "class Till\n  def sum; 1; end\nend", "Till"),
        ("text/x-rust", "fn hello() -> u8 { 1 }", "hello"),
        ("text/x-shellscript", "hello() { echo hi; }", "hello"),
        ("text/x-typescript", "interface Till { sum: number }", "Till"),
        ("text/x-tsx", "function Button() { return <b>x</b> }", "Button"),
    ],
)  # fmt: skip
def test_every_grammar_names_a_definition(media_type: str, source: str, name: str) -> None:
    (unit,) = analyze(Content(source.encode(), media_type)).units
    assert unit.start_place.element == name


def test_markdown_keeps_a_heading_with_its_section() -> None:
    text = "".join(f"## Part {n}\n\n{'Some words about it. ' * 30}\n\n" for n in range(5))
    analysis = analyze(Content(f"# The whole\n\n{text}".encode(), "text/markdown"))
    check(analysis)
    assert analysis.title == "The whole"
    pieces = [analysis.text[unit.start : unit.end] for unit in analysis.units]
    assert [piece for piece in pieces if piece.startswith("## Part 3")]
    assert all(not first.endswith(f"Part {n}") for n in range(5) for first, _ in pairwise(pieces))


XML = """<?xml version="1.0"?><doc xmlns:x="urn:x"><title>On Tides</title>
<x:p>The moon <b>pulls</b> the sea.</x:p><n>12.5</n><p>Twice a day.</p></doc>"""


def test_xml_gives_words_with_their_xpath() -> None:
    analysis = analyze(Content(XML.encode(), "application/xml"))
    check(analysis)
    assert analysis.text == "On Tides\nThe moon\npulls\nthe sea.\nTwice a day."
    assert analysis.title == "On Tides"
    assert analysis.units[0].start_place.element == "/doc[1]/title[1]"
    assert analysis.units[0].end_place.element == "/doc[1]/p[1]"


@pytest.mark.parametrize(
    "declaration",
    ['<!ENTITY a "lol"><!ENTITY b "&a;&a;">', '<!ENTITY a SYSTEM "file:///etc/passwd">'],
)
def test_xml_with_entities_is_refused(declaration: str) -> None:
    source = f"<!DOCTYPE d [{declaration}]><d>&a;</d>"
    with pytest.raises(SkipContent, match="entities are refused"):
        analyze(Content(source.encode(), "application/xml"))


def test_broken_xml_is_read_up_to_the_break() -> None:
    analysis = analyze(Content(b"<d><p>some words</p><q>more", "application/xml"))
    assert analysis.text == "some words"
    assert "until the XML breaks" in analysis.warnings[0]


def test_an_empty_text_has_no_units() -> None:
    for media_type in TEXT_TYPES:
        assert analyze(Content(b" \n\t\n", media_type)).units == ()


def test_what_nobody_reads_is_skipped() -> None:
    with pytest.raises(SkipContent, match="no analyzer reads image/png"):
        analyze(Content(b"\x89PNG", "image/png"))
