"""Fields among the words are filters that hold for every hit, however it was found."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search import MODES, Hit, Mode, Searcher, search
from dataq_lake.search.fields import take_fields
from dataq_lake.search.filters import Filters
from tests.search.kin import asset_id, store
from tests.search.notes import documents, segment_id

MAIL = {"mime_type": "message/rfc822", "source": "mail"}
ROWS = [
    {
        "path": "in/1.eml",
        "from": "Ana Beltrán <ana@dale.example>",
        "text": "the heron gauge",
        "timestamp": datetime(2026, 5, 1, tzinfo=UTC),
        **MAIL,
    },
    {
        "path": "in/1.eml!/plan.pdf",
        "text": "plan of the gauge",
        "mime_type": "application/pdf",
        "timestamp": None,
    },
    {
        "path": "in/2.eml",
        "from": "Yuki Tanaka <yuki_t@dale.example>",
        "text": "gauge three",
        "timestamp": datetime(2026, 5, 2, tzinfo=UTC),
        **MAIL,
    },
    {
        "path": "notes/heron.md",
        "text": "a heron by the gauge",
        "mime_type": "text/markdown",
        "timestamp": None,
    },
]
ANA, PLAN, YUKI, NOTE = (row["path"] for row in ROWS)


def filled(folder: Path, model: Model) -> Lake:
    """A lake with the rows above in its tables and its index."""
    lake = open_lake(folder)
    store(lake, ROWS)
    kept = [{name: row[name] for name in row if name != "from"} for row in ROWS]
    publish(lake, Publication(model, [documents(kept)]))
    return lake


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Searcher:
    """A searcher of such a lake."""
    return Searcher(open_snapshot(filled(tmp_path_factory.mktemp("fields"), model).root))


def paths(hits: list[Hit]) -> set[str]:
    return {hit.path for hit in hits}


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("from:ana", {ANA, PLAN}),
        ("from:ANA gauge", {ANA, PLAN}),
        ("from:beltran", {ANA, PLAN}),
        ('from:"ana beltrán"', {ANA, PLAN}),
        ("from:dale.example", {ANA, PLAN, YUKI}),
        ("from:*dale.example>", {ANA, PLAN, YUKI}),
        ("from:yuki_t", {YUKI}),
        ("from:yuki.t", set()),
        ("from:an?", set()),
        ("from:nobody", set()),
        ("-from:ana gauge", {YUKI, NOTE}),
        ("gauge NOT from:ana", {YUKI, NOTE}),
        ("gauge AND NOT from:ana", {YUKI, NOTE}),
        ("from:ana from:yuki", {ANA, PLAN, YUKI}),
        ("from:ana OR from:yuki", {ANA, PLAN, YUKI}),
        ("-from:ana -from:yuki gauge", {NOTE}),
        ("type:pdf", {PLAN}),
        ("type:TEXT", {NOTE}),
        ("type:message/* gauge", {ANA, YUKI}),
        ("-type:message/rfc822 gauge", {PLAN, NOTE}),
        ("in:mail gauge", {ANA, YUKI}),
        ("in:in/ gauge", {ANA, PLAN, YUKI}),
        ("in:*.md", {NOTE}),
        ("gauge -in:in/ -in:nowhere", {NOTE}),
        ("after:2026-05-02 gauge", {YUKI}),
        ("before:2026-05-02T00:00:00Z gauge", {ANA}),
        ("after:2026 gauge before:2026-06", {ANA, YUKI}),
        ("-after:2026-05-02 gauge", {ANA, PLAN, NOTE}),
        ("after:2026-05-02 after:2026-05-01 gauge", {ANA, YUKI}),
        ("from:ana type:pdf gauge", {PLAN}),
        ("from:ana -heron", {PLAN}),
        (f"id:{segment_id(YUKI, ROWS[2]['text'])}", {YUKI}),
        (f"id:{asset_id(ANA)} gauge", {ANA, PLAN}),
        (f"id:{asset_id(PLAN).upper()} gauge", {PLAN}),
        (f"-id:{asset_id(ANA)} gauge", {YUKI, NOTE}),
        (f"id:{'0' * 32} gauge", set()),
    ],
)
def test_a_field_holds_for_every_hit(searcher: Searcher, typed: str, wanted: set[str]) -> None:
    modes: tuple[Mode, ...] = MODES if "gauge" in typed else ("hybrid", "text")
    for mode in modes:
        assert paths(searcher.search(typed, mode=mode)) == wanted, mode


def test_what_was_understood_is_told_beside_what_was_given(searcher: Searcher) -> None:
    (hit,) = searcher.search("from:ana -type:pdf gauge", filters=Filters(sources=("mail",)))
    assert hit.why["filters"] == {
        "sources": ["mail"],
        "typed": {
            "senders": ["ana"],
            "excluded": {"types": ["pdf/*", "*/pdf", "*/x-pdf"]},
        },
    }
    assert searcher.search("in:notes gauge", filters=Filters(sources=("mail",))) == []


@pytest.mark.parametrize(
    "typed",
    [
        "after:yesterday",
        "before:2026-13",
        "after:9999-12-31T23:00-14:00",
        "id:123",
        "type:a/b/c",
        "from: ana",
        'from:""',
        "from:*",
        "(heron OR from:ana OR gauge)",
        '"from:ana"',
        "x" * 3_000 + " from:ana",
    ],
)
def test_what_is_no_field_stays_words(typed: str) -> None:
    found = take_fields(typed)
    assert not found.filters
    assert found.words == typed


def test_senders_are_those_of_the_snapshot(tmp_path: Path, model: Model) -> None:
    lake = filled(tmp_path, model)
    before = open_snapshot(lake.root).manifest.id
    late = {"path": "in/3.eml", "text": "late gauge", **MAIL}
    lake.table("messages").clear()
    store(lake, [late | {"from": "Ana <a@x.example>"}])
    publish(lake, Publication(model, [documents([late])]))
    assert paths(search(lake, "from:ana", snapshot=before)) == {ANA, PLAN}
    assert paths(search(lake, "from:ana")) == {"in/3.eml"}


def test_a_lake_without_mails_has_no_senders(tmp_path: Path, model: Model) -> None:
    bare = open_lake(tmp_path)
    publish(bare, Publication(model, [documents([{"path": "a", "text": "gauge"}])]))
    assert search(bare, "gauge from:ana") == []
    assert paths(search(bare, "gauge -from:ana")) == {"a"}


def label(lake: Lake, **tags: str) -> None:
    """Tags these assets, by hand; `tags` are paths by tag."""
    rows = [
        {"id": f"{tag}{path}", "entity_id": id_, "tag": tag.replace("_", "/")}
        for tag, path in tags.items()
        for id_ in [path if path == HERONS else asset_id(path)]
    ]
    handle = lake.table("tags")
    handle.append([pa.RecordBatch.from_pylist(rows, schema=handle.table.schema)])


HERONS = "c" * 32
FRAGMENTS = ("tag:", "-collection:", "from:", "-in:", "id:", "after:", *'"(* ', "NOT ", "OR ")


def collect(lake: Lake, name: str, *members: str) -> None:
    """Stores the collection HERONS."""
    rows = [{"id": path, "collection_id": HERONS, "asset_id": asset_id(path)} for path in members]
    stored = {"collections": [{"id": HERONS, "name": name}], "collection_members": rows}
    for table, each in stored.items():
        handle = lake.table(table)
        handle.append([pa.RecordBatch.from_pylist(each, schema=handle.table.schema)])


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("tag:MINE gauge", {ANA, PLAN}),
        ("tag:folder/*", {NOTE}),
        ("tag:folder", set()),
        ("tag:fold?r/notes -tag:mine gauge", {NOTE}),
        ("-tag:mine gauge", {YUKI, NOTE}),
        ('tag:mine tag:"folder/notes" gauge', {ANA, PLAN, NOTE}),
        ("tag:good gauge", {YUKI, NOTE}),
        ("collection:heron", {YUKI, NOTE}),
        ('collection:"grey héron"', {YUKI, NOTE}),
        ("collection:eron gauge", set()),
        (f"collection:{HERONS.upper()} gauge", {YUKI, NOTE}),
        ("collection:';--", set()),
    ],
)
def test_tags_and_collections_keep_what_has_them(
    tmp_path: Path, model: Model, typed: str, wanted: set[str]
) -> None:
    lake = filled(tmp_path, model)
    label(lake, mine=ANA, folder_notes=NOTE, good=HERONS)
    collect(lake, "grey heron, river", YUKI, NOTE)
    assert paths(search(lake, typed)) == wanted


def test_tags_are_those_of_today_until_something_newer_is_published(
    tmp_path: Path, model: Model
) -> None:
    lake = filled(tmp_path, model)
    before = open_snapshot(lake.root).manifest.id
    searcher = Searcher(open_snapshot(lake.root))
    assert searcher.search("tag:mine gauge") == []
    label(lake, mine=NOTE)
    assert paths(searcher.search("tag:mine gauge")) == {NOTE}
    publish(lake, Publication(model, [documents([{"path": "late", "text": "gauge", **MAIL}])]))
    assert paths(search(lake, "tag:mine gauge")) == {NOTE}
    assert search(lake, "tag:mine gauge", snapshot=before) == []


@settings(max_examples=40)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(FRAGMENTS),
            st.text(max_size=6),
        ),
        max_size=8,
    ).map("".join)
)
def test_no_field_is_an_error(searcher: Searcher, typed: str) -> None:
    searcher.search(typed, 2, mode="text")
