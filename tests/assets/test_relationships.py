"""What belongs together: each relation's edges, and that they come and go with what is current."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataq_analyzers.links.address import address
from dataq_analyzers.pool import Pool
from dataq_assets.stages.relation import Relating
from dataq_assets.stages.relationships import Relationships
from dataq_lake import graph
from dataq_lake.errors import FixTheCall
from dataq_lake.lake import Lake, open_lake
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from tests.assets.way import Crash, Way, gone, item

Edge = tuple[str, str, str, str]
WORDS = [f"word{number}" for number in range(60)]


def relate(way: Way, *only: str) -> dict[str, int]:
    """Brings the relations up to date; the edges of those that were looked at."""
    relating = Relating(way.lake, way.pool, f"run{way.runs}", way.model)
    stage = Relationships(relating, way.now_us, only)
    Changes(stage.rounds()).commit(way.lake, CommitInfo("relate", "relationships"), way._written)
    return stage.counts


def texts_of(way: Way) -> None:
    """Everything that edges stand on, but no vectors and no index."""
    for name in ("gate", "assets", "texts", "segments"):
        way.derive(name)


def told(lake: Lake, *types: str) -> set[Edge]:
    """Type, the paths of both ends, and the method of each edge."""
    rows = lake.sql(graph.edges(types)).arrow().to_pylist()
    return {
        (
            row["relationship_type"],
            row["source_path"] or "text",
            row["target_path"] or "text",
            row["method"],
        )
        for row in rows
    }


def mail(subject: str, day: int, to: str = "ben@example.org", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"] = "ann@example.org"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = f"{day:02} Mar 2026 10:00:00 +0000"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(f"About {subject}, on day {day}.")
    return message.as_bytes()


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name.replace("_", ".")), data)
    return out.getvalue()


def test_parts_belong_to_what_they_came_in(way: Way) -> None:
    outer = EmailMessage()
    outer["Subject"] = "Files"
    outer.set_content("See attached.")
    outer.add_attachment(
        zipped(a_txt=b"alpha"), maintype="application", subtype="zip", filename="z.zip"
    )
    way.observe(item("m.eml", outer.as_bytes()))
    texts_of(way)
    relate(way)
    assert told(way.lake, "contains", "attached_to", "part_of") == {
        ("attached_to", "m.eml!/z.zip", "m.eml", "attachment"),
        ("contains", "m.eml!/z.zip", "m.eml!/z.zip!/a.txt", "member"),
        ("part_of", "m.eml!/z.zip", "m.eml", "path"),
        ("part_of", "m.eml!/z.zip!/a.txt", "m.eml", "path"),
    }


def test_versions_and_copies_go_with_a_deletion_and_stay_visible_as_of(way: Way) -> None:
    way.observe(item("a.txt", b"first"), item("b.txt", b"second"))
    way.observe(item("a.txt", b"second", time=1))
    texts_of(way)
    relate(way)
    chain = {("version_of", "a.txt", "a.txt", "path")}
    copies = told(way.lake, "duplicate_of")
    assert told(way.lake, "version_of") == chain
    assert [(kind, method) for kind, _, _, method in copies] == [("duplicate_of", "sha256")]
    before = way.lake.table("relationships").version()
    way.observe(gone("a.txt", time=1))
    texts_of(way)
    relate(way)
    assert told(way.lake, "version_of", "duplicate_of") == set()
    old = way.lake.table("relationships").scan(version=before).collect()
    assert {"version_of", "duplicate_of"} <= set(old["relationship_type"])


def test_copies_are_told_of_what_is_current_only(way: Way) -> None:
    way.observe(item("a.txt", b"same"), item("b.txt", b"same"), item("c.txt", b"same"))
    way.observe(item("d.txt", b""), item("e.txt", b""))
    way.derive("gate", "assets")
    relate(way, "duplicate_of")
    first = {target for _, _, target, _ in told(way.lake, "duplicate_of")}
    assert first == {"a.txt"}
    way.observe(gone("a.txt"))
    way.derive("gate", "assets")
    relate(way, "duplicate_of")
    (edge,) = told(way.lake, "duplicate_of")
    assert {edge[1], edge[2]} == {"b.txt", "c.txt"}


def test_answers_by_ids_then_by_subject_and_time(way: Way) -> None:
    way.observe(
        item("1.eml", mail("Plan", 1, Message_ID="<1@x>")),
        item("2.eml", mail("Re: Plan", 2, Message_ID="<2@x>", In_Reply_To="<1@x>")),
        item(
            "3.eml",
            mail(
                "Re: Plan",
                3,
                Message_ID="<3@x>",
                In_Reply_To="<lost@x>",
                References="<1@x> <2@x> <lost@x>",
            ),
        ),
        item("4.eml", mail("AW: Plan", 4, Message_ID="<4@x>")),
        item("5.eml", mail("Plan", 5, Message_ID="<5@x>")),
        item("6.eml", mail("Re: Nothing before", 6, Message_ID="<6@x>")),
    )
    texts_of(way)
    relate(way, "replies_to")
    assert told(way.lake) == {
        ("replies_to", "2.eml", "1.eml", "in_reply_to"),
        ("replies_to", "3.eml", "2.eml", "references"),
        ("replies_to", "4.eml", "3.eml", "subject_and_time"),
    }
    strengths = {row["method"]: row["strength"] for row in way.rows("relationships")}
    assert strengths == {"in_reply_to": 1.0, "references": 0.9, "subject_and_time": 0.5}


def test_links_become_edges_where_they_lead_to_something(way: Way) -> None:
    way.observe(
        item(
            "site/index.html",
            b'<a href="sub/b.md#x">b</a> <a href="/c.html">c</a> <a href="no.html">',
        ),
        item(
            "site/sub/b.md",
            b"# B\n\n[up](../) and [out](https://Example.org/page#top) and <mailto:a@b.c>",
        ),
        item("c.html", b'<p>End</p><a href="#here">here</a>'),
        item("https://example.org/page", b'<html><a href="/other">other</a></html>'),
        item("https://example.org/other", b"<html><p>Other</p></html>"),
    )
    texts_of(way)
    relate(way, "links_to")
    linked = {
        ("links_to", "site/index.html", "site/sub/b.md", "path"),
        ("links_to", "site/index.html", "c.html", "path"),
        ("links_to", "site/sub/b.md", "site/index.html", "path"),
        ("links_to", "site/sub/b.md", "https://example.org/page", "url"),
        ("links_to", "https://example.org/page", "https://example.org/other", "url"),
    }
    assert told(way.lake) == linked
    way.observe(item("site/no.html", b"<p>Now it is there</p>"))
    texts_of(way)
    relate(way, "links_to")
    new = ("links_to", "site/index.html", "site/no.html", "path")
    assert told(way.lake) == linked | {new}


@pytest.mark.parametrize(
    ("page", "href", "expected"),
    [
        ("a/b.html", "c.html", "a/c.html"),
        ("a/b.html", "../c%20d.html?q=1#f", "c d.html"),
        ("a/b.html", "../../c.html", None),
        ("a/b.html", "./", "a/index.html"),
        ("b.html", "/", "index.html"),
        ("/srv/a.html", "/c.html", "/c.html"),
        ("x.zip!/a/b.html", "/c.html", "x.zip!/c.html"),
        ("x.zip!/b.html", "../c.html", None),
        ("b.html", "mailto:a@b.c", None),
        ("b.html", "#there", None),
        ("b.html", "http://[broken", None),
        ("b.html", "//Host.org", "https://host.org/"),
        ("http://h/a/b", "c#d", "http://h/a/c"),
        ("http://h/a/b", "javascript:x()", None),
    ],
)
def test_where_a_link_leads(page: str, href: str, expected: str | None) -> None:
    assert address(page, href) == expected


def test_a_page_that_names_its_base_means_it() -> None:
    assert address("http://h/a/b", "c", "http://other/x/") == "http://other/x/c"


def test_texts_are_derived_from_their_assets(way: Way) -> None:
    way.observe(item("a.txt", b"Some words that are read."))
    texts_of(way)
    relate(way, "derived_from")
    assert told(way.lake) == {("derived_from", "text", "a.txt", "text")}


def alike(way: Way) -> dict[frozenset[str], float]:
    texts_of(way)
    relate(way, "near_duplicate_of")
    rows = way.lake.sql(graph.edges()).arrow().to_pylist()
    return {frozenset({row["source_path"], row["target_path"]}): row["strength"] for row in rows}


def test_near_duplicates_share_seventy_percent_and_come_and_go(way: Way) -> None:
    page = " ".join(WORDS)
    other = item("b.txt", page.replace("word30", "other").encode())
    way.observe(
        item("a.txt", page.encode()),
        other,
        item("c.txt", " ".join(WORDS[:40]).encode()),
        item("d.txt", b"two words"),
        item("e.txt", b"Two words."),
    )
    pair = {frozenset({"a.txt", "b.txt"}): pytest.approx(55 / 61)}
    assert alike(way) == pair
    way.observe(item("z.txt", b"nothing that is like it"))
    assert alike(way) == pair
    way.observe(gone("b.txt"))
    assert alike(way) == {}
    way.observe(other)
    assert alike(way) == pair
    (edge,) = way.rows("relationships")
    assert edge["method"] == "minhash"
    assert edge["source_id"] > edge["target_id"]


def test_the_same_text_in_other_bytes_is_one_text(way: Way) -> None:
    page = " ".join(WORDS)
    way.observe(
        item("a.txt", page.encode()),
        item("a16.txt", page.encode("utf-16")),
        item("b.txt", f"{page} and more".encode()),
    )
    found = alike(way)
    assert found[frozenset({"a.txt", "a16.txt"})] == 1.0
    assert len(found) == 2
    assert sorted(row["method"] for row in way.rows("relationships")) == ["minhash", "same_text"]


def test_a_pass_over_what_is_unchanged_reads_and_writes_nothing(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.observe(item("a.txt", b"same"), item("b.txt", b"same"))
    texts_of(way)
    assert relate(way)["duplicate_of"] == 1
    versions = way.versions()
    monkeypatch.setattr("dataq_assets.stages.relation.wanted_edges", _never)
    assert relate(way) == {}
    assert way.versions() == versions


def _never(*_: object) -> Any:
    raise AssertionError("nothing has changed")


def test_a_relation_that_there_is_not_is_told(way: Way) -> None:
    with pytest.raises(FixTheCall, match="no relation 'likes': there are attached_to"):
        relate(way, "likes")


def test_a_crash_between_two_commits_leaves_nothing_wrong(way: Way) -> None:
    page = b'<a href="b.html">b</a>'
    way.observe(item("a.html", page), item("b.html", page), item("c.html", page))
    texts_of(way)
    commits = 0
    while True:
        way.crash_after = commits
        try:
            relate(way)
        except Crash:
            commits += 1
        else:
            break
        finally:
            way.crash_after = None
    assert commits > 3
    assert told(way.lake, "links_to") == {
        ("links_to", "a.html", "b.html", "path"),
        ("links_to", "c.html", "b.html", "path"),
    }
    assert way.broken_checks("edges_are_sound") == []


KEPT = ("relationships", "relations", "links", "sketches")
Step = tuple[str, int, int]
NAMES = ("a.md", "b.md", "d/c.md", "m.eml", "n.eml")
CONTENTS: tuple[Callable[[int], bytes], ...] = (
    lambda n: f"[to](b.md) [up](../a.md) {' '.join(WORDS[: 40 + n % 3])}".encode(),
    lambda n: f"# Same\n\n[c](d/c.md) {n % 2}".encode(),
    lambda n: mail("Re: Plan", 1 + n % 3, Message_ID=f"<{n % 2}@x>"),
    lambda n: mail("Plan", 1, Message_ID="<0@x>", In_Reply_To="<1@x>"),
    lambda n: b"X-Gmail-Labels: a%d\r\n" % (n % 2) + CONTENTS[3](0).replace(b"\n", b"\r\n"),
)
steps = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(-1, len(CONTENTS) - 1), st.integers(0, 5)),
    min_size=1,
    max_size=4,
)


@pytest.mark.heavy
@settings(max_examples=4)
@given(rounds=st.lists(steps, min_size=2, max_size=3))
def test_step_by_step_is_as_from_scratch(
    rounds: list[list[Step]], pool: Pool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    way = Way(open_lake(tmp_path_factory.mktemp("kin")), pool)
    for number, some in enumerate(rounds):
        way.observe(*_items(some, number))
        texts_of(way)
        relate(way)
    stepwise = _rows(way)
    assert way.broken_checks("edges_are_sound") == []
    for table in KEPT:
        way.lake.table(table).clear()
    relate(way)
    assert _rows(way) == stepwise


def _items(some: list[Step], number: int) -> Iterator[Any]:
    for name, content, salt in {step[0]: step for step in some}.values():
        if content < 0:
            yield gone(name, time=number)
        else:
            yield item(name, CONTENTS[content](salt), time=number)


def _rows(way: Way) -> list[tuple[Any, ...]]:
    names = ["id", "source_id", "target_id", "relationship_type", "strength", "method", "metadata"]
    rows = [{**row, "metadata": str(row["metadata"])} for row in way.rows("relationships")]
    return sorted(tuple(row[name] for name in names) for row in rows)
