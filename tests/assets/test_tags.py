"""Tags: what taggers are sure of comes and goes with it, what people say stays."""

from __future__ import annotations

from email.message import EmailMessage

import polars as pl
import pytest

from dataq_assets.stages.tagger import Tagger, all_taggers
from dataq_assets.stages.tags import wanted_tags
from dataq_lake.errors import FixTheCall, UnknownId
from dataq_lake.lake import Lake
from dataq_lake.tagging import add, remove
from tests.assets.alike import collect, collected, ids, liken, named, pages, tag, tags_of, texts_of
from tests.assets.way import Crash, Way, gone, item


def mail(labels: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Well"
    message["From"] = "ana@example.org"
    message["X-Gmail-Labels"] = labels
    message.set_content("There is a spider.")
    return message.as_bytes()


def test_taggers_say_what_is_known(way: Way) -> None:
    way.observe(
        *(item(f"Notes/2026/{name}.md", f"# Page {name}\n".encode()) for name in "abc"),
        item("alone/x.html", b"<p>x</p>"),
        item("https://example.org/a/b", b"<p>y</p>"),
    )
    texts_of(way)
    tag(way)
    assert tags_of(way, "Notes/2026/a.md") == {("folder/2026", "folder"), ("kind/text", "kind")}
    assert tags_of(way, "alone/x.html") == {("kind/page", "kind")}
    assert tags_of(way, "https://example.org/a/b") == {("kind/page", "kind")}
    evidence = {row["tag"]: row["metadata"] for row in way.rows("tags")}
    assert evidence["folder/2026"] == {"folder": "2026"}
    way.observe(gone("Notes/2026/c.md"))
    texts_of(way)
    tag(way)
    assert tags_of(way, "Notes/2026/a.md") == {("kind/text", "kind")}
    assert len(way.rows("tags")) == 4


def test_labels_of_mails_are_tags(way: Way) -> None:
    way.observe(item("a.eml", mail("Work,Inbox")))
    texts_of(way)
    tag(way)
    labels = {("label/work", "label"), ("label/inbox", "label")}
    assert tags_of(way, "a.eml") == labels | {("kind/mail", "kind")}


def test_a_collection_is_a_tag_of_those_near_its_middle(way: Way) -> None:
    pages(way, *"abcd")
    liken(way, "abc", strength=0.81)
    collect(way)
    tag(way)
    (id_,) = collected(way).values()
    wanted = (f"collection/{named(way)[id_]}", "collection")
    assert all(wanted in tags_of(way, path) for path in "abc")
    assert wanted not in tags_of(way, "d")
    liken(way, "abc", strength=0.8)
    collect(way)
    tag(way)
    holders = [path for path in "abc" if wanted in tags_of(way, path)]
    assert len(holders) == 1  # the middle itself: .8 is not above .8


def test_a_pass_over_what_is_unchanged_asks_nobody_and_writes_nothing(way: Way) -> None:
    pages(way, *"abc")
    assert set(tag(way)) == {tagger.name for tagger in all_taggers()}
    versions = way.versions()
    assert tag(way) == {}
    assert way.versions() == versions
    pages(way, "z")
    created = {row["id"]: row["created_at"] for row in way.rows("tags")}
    tag(way)
    later = {row["id"]: row["created_at"] for row in way.rows("tags")}
    assert created.items() <= later.items()


def test_what_people_say_stays_beside_and_over_what_taggers_say(way: Way) -> None:
    pages(way, "a", "b")
    tag(way)
    known = ids(way)
    add(way.lake, known["a"], ["Invoice", "kind/text"], by="ana")
    remove(way.lake, known["b"], ["kind/text"], by="ana")
    said = {("Invoice", "manual"), ("kind/text", "manual"), ("kind/text", "kind")}
    assert tags_of(way, "a") == said
    assert tags_of(way, "b") == set()
    for table in ("tags", "relations"):
        way.lake.table(table).clear()
    tag(way)
    assert tags_of(way, "a") == said
    assert tags_of(way, "b") == set()
    assert {row["tagged_by"] for row in way.rows("tags", method="manual")} == {"ana"}
    assert way.broken_checks("manual_tags_kept") == []
    remove(way.lake, known["a"], ["kind/text"])
    add(way.lake, known["b"], ["kind/text"])
    tag(way)
    assert tags_of(way, "a") == {("Invoice", "manual")}
    assert tags_of(way, "b") == {("kind/text", "manual"), ("kind/text", "kind")}


def test_what_people_say_holds_for_every_version(way: Way) -> None:
    pages(way, "a", "b")
    first = ids(way)
    add(way.lake, first["a"], ["mine"])
    tag(way)
    remove(way.lake, first["b"], ["kind/text"])
    for number in (1, 2):
        way.observe(
            *(item(path, f"# Version {number}{path}\n".encode(), time=number) for path in "ab")
        )
        texts_of(way)
        tag(way)
        assert ("mine", "manual") in tags_of(way, "a")
        assert tags_of(way, "b") == set()
    assert {row["entity_id"] for row in way.rows("tags", tag="mine")} == {ids(way)["a"]}
    added = add(way.lake, first["a"], ["by an old id"])
    assert added["entity_id"] == ids(way)["a"] != first["a"]
    way.observe(gone("a", time=3))
    texts_of(way)
    tag(way)
    assert way.rows("tags", method="manual") == []
    with pytest.raises(UnknownId, match="is deleted"):
        add(way.lake, first["a"], ["late"])
    way.observe(item("a", b"# Back\n", time=4))
    texts_of(way)
    tag(way)
    assert {("mine", "manual"), ("by an old id", "manual")} <= tags_of(way, "a")


def test_collections_have_tags_too(way: Way) -> None:
    pages(way, *"abc")
    liken(way, "abc")
    collect(way)
    (id_,) = collected(way).values()
    add(way.lake, id_[:8], ["important"])
    tag(way)
    (row,) = way.rows("tags", method="manual")
    assert (row["entity_id"], row["tag"]) == (id_, "important")
    liken(way)
    collect(way)
    tag(way)
    assert way.rows("tags", method="manual") == []


@pytest.mark.parametrize("bad", ["", "  ", "a\x00b", "x" * 101, "\u202e"])
def test_what_cannot_be_a_tag_is_refused(way: Way, bad: str) -> None:
    pages(way, "a")
    with pytest.raises(FixTheCall, match="a tag has 1 to 100 characters"):
        add(way.lake, ids(way)["a"], ["good", bad])
    assert way.rows("manual_tags") == []


def test_mistakes_are_told(way: Way) -> None:
    pages(way, "a")
    tag(way)
    for nothing in ("", "zz", "0" * 32, "' or 1=1 --"):
        with pytest.raises(UnknownId, match="no asset or collection"):
            add(way.lake, nothing, ["x"])
    with pytest.raises(FixTheCall, match="has no tag 'x': it has kind/text"):
        remove(way.lake, ids(way)["a"], ["x"])


def test_hostile_tags_are_one_short_line_and_written_once(way: Way) -> None:
    folder = "\x1b[31m\x1e\x1f\u202e evil " + "y" * 300
    way.observe(*(item(f"{folder}/{name}", b"# Page\n") for name in "abc"))
    texts_of(way)
    tag(way)
    (found,) = {row["tag"] for row in way.rows("tags", method="folder")}
    assert found.isprintable()
    assert len(found) <= 100
    versions = way.lake.table("tags").version()
    way.lake.table("relations").clear()
    tag(way)
    assert way.lake.table("tags").version() == versions


def test_what_a_tagger_is_not_sure_of_is_no_tag(lake: Lake) -> None:
    rows = {"entity_id": list("abcd"), "tag": ["x"] * 4, "confidence": [0.8, 0.81, 1.0, None]}
    tagger = Tagger("guess", (), "1", lambda _: pl.LazyFrame(rows))
    assert wanted_tags(lake, tagger)["entity_id"].to_list() == ["b", "c"]


def test_a_crash_between_two_commits_leaves_nothing_wrong(way: Way) -> None:
    pages(way, *"abc")
    commits = 0
    while True:
        way.crash_after = commits
        try:
            tag(way)
        except Crash:
            commits += 1
        else:
            break
        finally:
            way.crash_after = None
    assert commits > 2
    assert [tags_of(way, path) for path in "abc"] == [{("kind/text", "kind")}] * 3
    assert way.broken_checks("manual_tags_kept") == []
