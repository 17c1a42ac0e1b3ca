"""A page gives what its reader sees, and the element of every unit can be found again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from dataq_analyzers.analysis import analyze
from dataq_analyzers.html.page import read_page
from dataq_analyzers.interface import Analysis, Content
from tests.analyzers.contract import check

PAGE = """<!doctype html><html lang="de-AT"><head><title> A  page
</title><style>p {}</style><script>var hidden = "<p>no</p>"</script></head><body>
<h1>Tides &amp; moons</h1>
<p>First <b>bold</b>ly
  spread<br>over lines.<!-- not this --></p>
<template><p>never</p></template><noscript>no script</noscript>
<ul><li>one<li>two <a href=x>link</a></ul>
<table><tr><th>Name<th>Tons<tr><td>Ant<td>0.1</table>
<pre>  def f():
      return 1</pre>
<svg><text>drawn</text></svg>
<div id="end">outer <p>inner</p> again</div></body></html>"""


def page(source: str) -> Analysis:
    analysis = analyze(Content(source.encode(), "text/html"))
    check(analysis)
    return analysis


def test_a_page_as_its_reader_sees_it() -> None:
    analysis = page(PAGE)
    assert analysis.text == (
        "Tides & moons\n\nFirst boldly spread\nover lines.\n\none\ntwo link\n\nName\tTons\nAnt\t0.1"
        "\n\ndef f():\n      return 1\n\nouter\n\ninner\n\nagain"
    )
    assert (analysis.title, analysis.language) == ("A page", "de")


def test_a_page_without_a_title_is_called_by_its_heading() -> None:
    assert page("<h2>The heading</h2><p>text").title == "The heading"


def elements(source: str) -> list[tuple[str, str]]:
    """For each unit, its text and that of the element which its path finds."""
    tree = LexborHTMLParser(source)
    found = []
    analysis = page(source)
    for unit in analysis.units:
        assert unit.start_place.element is not None
        element = tree.css_first(unit.start_place.element)
        assert element is not None, unit.start_place.element
        assert len(tree.css(unit.start_place.element)) == 1
        found.append((analysis.text[unit.start : unit.end], " ".join(element.text().split())))
    return found


def test_the_path_of_a_unit_finds_its_element() -> None:
    words = "many words that fill a paragraph so that it stands alone " * 15
    source = f"""<div><span><p>{words} 1</p></span><a href=x><div><p>{words} 2</p></div></a></div>
      <section id=main><x-card><p></p><p>{words} 3</p></x-card></section>
      <table><tr><td><td><p>{words} 4</p></table><div id="1 bad">{words} 5</div>"""
    found = elements(source)
    assert [text[-1] for text, _ in found] == list("12345")
    for text, element in found:
        assert text.split()[-1] == element.split()[-1]


def test_text_that_imitates_our_marks_changes_nothing() -> None:
    analysis = page("<p>a\x01b\x02c\x03d&#1;e&#x2;f&#3g&#01;</p><p>h</p>")
    assert analysis.text == "a b c d e f g\n\nh"
    assert page("<p>&#x1f600; &#12; &#34;</p>").text == '\U0001f600 "'


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="windows-1251">', "cp1251"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        ("<?xml version='1.0' encoding='iso-8859-5'?>", "iso-8859-5"),
    ],
)
def test_a_page_says_its_charset(head: str, encoding: str) -> None:
    source = f"{head}<p>Однажды</p>".encode(encoding)
    assert analyze(Content(source, "text/html")).text == "Однажды"


TAGS = [
    "a", "b", "p", "div", "ul", "li", "table", "tr", "td", "th", "h1", "pre", "br", "hr", "span",
    "svg", "script", "template", "select",
]  # fmt: skip
MARKUP = st.lists(
    st.one_of(
        st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
        st.sampled_from(["<!--", "-->", "<", "&amp;", "&#1;", "\x01", "\x02", "\x1f", "\0x"]),
        st.text(max_size=20),
    ),
    max_size=60,
).map("".join)  # fmt: skip


@given(MARKUP)
def test_any_markup_is_a_page(source: str) -> None:
    found = read_page(source)
    check(Analysis(found.text, found.units, found.title))


@given(st.lists(st.text("abc ", min_size=1).filter(str.strip), min_size=1, max_size=30))
def test_no_paragraph_is_lost(paragraphs: list[str]) -> None:
    analysis = page("".join(f"<p>{paragraph}" for paragraph in paragraphs))
    covered = "".join(analysis.text[unit.start : unit.end] for unit in analysis.units)
    assert "".join(covered.split()) == "".join("".join(paragraphs).split())


def test_a_deep_page_is_no_obstacle() -> None:
    analysis = page("<div>" * 3_000 + "bottom" + "</div>" * 3_000)
    assert analysis.text == "bottom"
    assert (analysis.units[0].start_place.element or "").count(">") < 50


def test_a_flat_page_takes_linear_time() -> None:
    analysis = page("".join(f"<p>{number} {'word ' * 30}" for number in range(20_000)))
    assert len(analysis.units) > 2_000
