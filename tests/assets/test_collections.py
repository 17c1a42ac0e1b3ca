"""Collections: what is grouped keeps its id while its core stays, and nothing is written twice."""

from __future__ import annotations

import pytest

from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from dataq_lake.tagging import rename
from tests.assets.alike import collect, collected, ids, liken, named, pages, texts_of
from tests.assets.way import Crash, Way, gone, item

TABLES = ("collections", "collection_members")


def test_a_group_becomes_a_collection_that_sql_knows(way: Way) -> None:
    pages(way, "a", "b", "c", "d", "e")
    liken(way, "abcd")
    assert collect(way) == {"collections": 1}
    assert list(collected(way)) == ["a b c d"]
    (row,) = way.rows("collections")
    assert (row["size"], row["name_method"], row["method"]) == (4, "members", "stars@1")
    strengths = sorted(each["strength"] for each in way.rows("collection_members"))
    assert strengths == [0.9, 0.9, 0.9, 1.0]
    told = way.lake.sql("select id, is_latest from entities where entity_type = 'collection'")
    assert told.fetchall() == [(row["id"], True)]
    assert way.broken_checks("collections_are_whole") == []


def test_a_pass_over_what_is_unchanged_reads_and_writes_nothing(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages(way, "a", "b", "c")
    liken(way, "abc")
    collect(way)
    versions = way.versions()
    pages(way, "z")  # entities are others, but nothing of the collections is
    assert collect(way) == {"collections": 1}
    assert {name: way.versions()[name] for name in TABLES} == {
        name: versions[name] for name in TABLES
    }
    versions = way.versions()
    monkeypatch.setattr("dataq_assets.stages.collections.grouped", _never)
    assert collect(way) == {}
    assert way.versions() == versions


def _never(*_: object) -> None:
    raise AssertionError("nothing has changed")


def test_a_collection_keeps_its_id_as_it_grows_shrinks_and_its_members_change(way: Way) -> None:
    pages(way, "a", "b", "c", "d")
    liken(way, "abcd")
    collect(way)
    (first,) = collected(way).values()
    created = way.rows("collections")[0]["created_at"]
    pages(way, "e", "f")
    liken(way, "abcdef")
    collect(way)
    assert collected(way) == {"a b c d e f": first}
    way.observe(gone("a"), item("b", b"# Page b, a new version\n", time=2))
    texts_of(way)
    liken(way, "bcdef")
    collect(way)
    assert collected(way) == {"b c d e f": first}
    (row,) = way.rows("collections")
    assert row["created_at"] == created < row["updated_at"]
    since = {row["asset_id"]: row["since"] for row in way.rows("collection_members")}
    assert since[ids(way)["c"]] == created < since[ids(way)["e"]]


def test_what_is_gone_or_superseded_is_no_member_whatever_the_edges_say(way: Way) -> None:
    pages(way, "a", "b", "c", "d")
    liken(way, "abcd")
    collect(way)
    way.observe(gone("a"))
    texts_of(way)
    collect(way)
    assert list(collected(way)) == ["b c d"]
    assert way.broken_checks("collections_are_whole") == []
    way.observe(item("b", b"other", time=2))
    texts_of(way)
    collect(way)
    assert collected(way) == {}
    assert way.rows("collection_members") == []


def test_the_core_decides_which_part_is_the_collection(way: Way) -> None:
    pages(way, *"abcdefgh")
    liken(way, "abcdefgh")
    collect(way)
    (old,) = collected(way).values()
    paths = {row["id"]: row["path"] for row in way.rows("assets")}
    members = way.rows("collection_members")
    core = sorted(paths[row["asset_id"]] for row in members if row["is_core"])
    rest = sorted(set("abcdefgh") - set(core))
    liken(way, [*core[:3], rest[0]], [core[3], *rest[1:]])
    collect(way)
    parts = collected(way)
    assert parts[" ".join(sorted([*core[:3], rest[0]]))] == old
    assert len(set(parts.values())) == 2
    liken(way, "abcdefgh")
    collect(way)
    (merged,) = collected(way).values()
    assert merged in parts.values()


def test_without_its_core_it_is_another_collection(way: Way) -> None:
    pages(way, *"abcdefgh")
    liken(way, "abcdefgh")
    collect(way)
    (old,) = collected(way).values()
    paths = {row["id"]: row["path"] for row in way.rows("assets")}
    members = way.rows("collection_members")
    core = sorted(paths[row["asset_id"]] for row in members if row["is_core"])
    way.observe(*(gone(path) for path in core[:2]))
    texts_of(way)
    collect(way)
    (new,) = collected(way).values()
    assert new != old


def test_what_comes_back_is_what_it_was(way: Way) -> None:
    pages(way, "a", "b", "c")
    liken(way, "abc")
    collect(way)
    before = collected(way)
    version = way.lake.table("collections").version()
    liken(way)
    collect(way)
    assert collected(way) == {}
    liken(way, "abc")
    collect(way)
    assert collected(way) == before
    old = way.lake.table("collections").scan(version=version).collect()
    assert old["id"].to_list() == list(before.values())


def test_a_crash_between_two_commits_leaves_nothing_wrong(way: Way) -> None:
    pages(way, *"abcdef")
    liken(way, "abc")
    collect(way)
    (kept,) = collected(way).values()
    liken(way, "abcd")
    commits = 0
    while True:
        way.crash_after = commits
        try:
            collect(way)
        except Crash:
            commits += 1
        else:
            break
        finally:
            way.crash_after = None
    assert commits == 2
    assert collected(way) == {"a b c d": kept}
    (row,) = way.rows("collections")
    assert row["size"] == len(way.rows("collection_members")) == 4
    assert way.broken_checks("collections_are_whole") == []


def test_emptied_tables_are_made_again(way: Way) -> None:
    pages(way, *"abc")
    liken(way, "abc")
    collect(way)
    before = collected(way)
    for table in (*TABLES, "relations"):
        way.lake.table(table).clear()
    collect(way)
    assert collected(way) == before


def test_a_name_by_hand_stays_and_other_names_stay_while_the_members_do(way: Way) -> None:
    pages(way, *"abcdefg")
    liken(way, "abc", "efg")
    collect(way)
    one, other = (collected(way)[each] for each in ("a b c", "e f g"))
    automatic = named(way)[other]
    rename(way.lake, one, "  My   pages ", by="ana")
    assert named(way)[one] == "My pages"
    pages(way, "h")
    liken(way, "abcd", "efg")
    collect(way)
    assert named(way) == {one: "My pages", other: automatic}
    way.lake.table("collection_names").apply(Difference(gone=[one]))
    collect(way)
    assert named(way)[one] != "My pages"
    assert {row["name_method"] for row in way.rows("collections")} == {"members"}


def test_what_has_the_text_of_a_member_is_one_too(way: Way) -> None:
    pages(way, *"abcd")
    way.observe(item("copy", b"# Page a\n\nAbout a."), item("d2", b"# Page d\n\nAbout d."))
    texts_of(way)
    liken(way, "abc")
    collect(way)
    assert list(collected(way)) == ["a b c copy"]
    core = {row["asset_id"]: row["is_core"] for row in way.rows("collection_members")}
    assert [core[ids(way)[path]] for path in ("a", "copy")] == [True, False]
    assert way.broken_checks("collections_are_whole") == []
    way.observe(gone("b"))
    texts_of(way)
    collect(way)
    assert collected(way) == {}


def heron(number: int, title: str) -> bytes:
    return f"# {title}\n\nThe heron number {number} stands in the river.\n".encode()


def test_a_name_tells_what_members_share_and_others_do_not(way: Way) -> None:
    way.observe(
        *(item(f"notes/h{n}.md", heron(n, f"Report on the heron {n}"), n) for n in range(4)),
        *(item(f"o{n}.md", f"# Report {n}\n\nNothing of it.\n".encode(), n) for n in range(6)),
    )
    texts_of(way)
    liken(way, [f"notes/h{n}.md" for n in range(4)])
    collect(way)
    assert set(named(way).values()) == {"heron, report (notes)"}


def test_where_titles_say_nothing_the_texts_do(way: Way) -> None:
    lines = [f"Number {n}: the bittern nests among reeds, unseen {n}.\n".encode() for n in range(4)]
    way.observe(*(item(f"{n}{n}.txt", text, n) for n, text in enumerate(lines)))
    texts_of(way)
    liken(way, [f"{n}{n}.txt" for n in range(4)])
    collect(way)
    (name,) = named(way).values()
    assert {"bittern", "reeds"} & set(name.split(", "))


@pytest.mark.parametrize(
    "title",
    ["\x1b[31mred\x07 \u202eevil\x00", "x" * 10_240, "', drop table --", "\u200b", "| a | b |", ""],
)
def test_hostile_titles_make_names_of_one_short_line(way: Way, title: str) -> None:
    page = f"<html><head><title>{title}</title></head><body><p>1 2</p></body></html>"
    way.observe(*(item(f"{n}{title[:9]}{n}", page.encode() + b" " * n, n) for n in range(3)))
    texts_of(way)
    liken(way, list(ids(way)))
    collect(way)
    (name,) = named(way).values()
    assert name == name.strip() != ""
    assert name.isprintable()
    assert len(name) <= 130


def test_as_of_shows_the_collections_of_then(way: Way, lake: Lake) -> None:
    pages(way, "a", "b", "c")
    liken(way, "abc")
    collect(way)
    (commit, *_) = way.lake.table("collection_members").history()
    liken(way)
    collect(way)
    assert way.rows("collection_members") == []
    then = way.lake.table("collection_members").scan(as_of=commit.time).collect()
    assert then.height == 3
