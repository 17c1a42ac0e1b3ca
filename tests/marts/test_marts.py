"""The marts of a real lake say what the lake says, and are what everybody reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from dataq_assets.modeling.project import MartsProject
from tests.marts.conftest import Archive


def mart(archive: Archive, name: str) -> list[dict[str, Any]]:
    """All rows of a mart."""
    with duckdb.connect(str(archive.home.marts_file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.table(name).order("all").pl().to_dicts()


def current(archive: Archive) -> pl.DataFrame:
    """The assets that are there now, by the tables themselves."""
    latest = archive.lake.table("entities").scan().filter("is_latest").select("id")
    return archive.lake.table("assets").scan().join(latest, on="id").collect()


def test_a_source_counts_what_its_raw_table_holds(built: Archive) -> None:
    (row,) = mart(built, "sources")
    raw = built.lake.raw("notes").scan().collect()
    assert row["source"] == "notes"
    assert (row["observations"], row["things"], row["deletions"]) == (7, 7, 0)
    assert row["bytes_observed"] == raw["size"].sum()
    assert row["current_assets"] == current(built).height == 6
    assert row["current_bytes"] == current(built)["file_size"].sum()
    assert row["open_rejections"] == 1
    assert [each["observations"] for each in mart(built, "source_days")] == [7]


def test_storage_is_that_of_the_current_assets(built: Archive) -> None:
    told = {row["mime_type"]: row for row in mart(built, "storage_by_type")}
    groups = (
        current(built)
        .group_by("mime_type")
        .agg(pl.len(), pl.col("file_size").sum(), pl.col("file_hash").n_unique())
    )
    assert {
        name: (row["assets"], row["bytes"], row["distinct_contents"]) for name, row in told.items()
    } == {name: tuple(rest) for name, *rest in groups.rows()}
    assert told["text/plain"]["assets"] == 2 and told["text/plain"]["distinct_contents"] == 1


def test_copies_are_waste(built: Archive) -> None:
    note, mail = built.tree / "note.txt", built.tree / "one.eml"
    told = {tuple(sorted(row["places"])): row for row in mart(built, "duplicate_contents")}
    assert {places: row["wasted_bytes"] for places, row in told.items()} == {
        ("notes: copy.txt", "notes: note.txt"): note.stat().st_size,
        ("notes: one again.eml", "notes: one.eml"): mail.stat().st_size,
    }


def test_a_thread_has_each_mail_once(built: Archive) -> None:
    (thread,) = mart(built, "mail_threads")
    assert (thread["subject"], thread["started_by"]) == ("Herons", "ann@example.org")
    assert (thread["messages"], thread["senders"], thread["participants"]) == (2, 2, 3)
    sizes = [(built.tree / name).stat().st_size for name in ("one.eml", "two.eml")]
    assert (thread["hours"], thread["bytes"]) == (24, sum(sizes))
    assert [str(thread[f"{each}_sent_at"].date()) for each in ("first", "last")] == [
        "2024-01-01",
        "2024-01-02",
    ]


def test_correspondents_count_each_mail_once(built: Archive) -> None:
    told = {row["person"].partition("@")[0]: row for row in mart(built, "mail_volumes")}
    assert {name: (row["sent"], row["received"]) for name, row in told.items()} == {
        "ann": (1, 1),
        "bob": (1, 1),
        "eve": (0, 1),
    }
    assert {str(row["month"]) for row in told.values()} == {"2024-01-01"}
    senders = {row["person"]: row for row in mart(built, "mail_senders")}
    assert [row["name"] for row in senders.values()] == ["Ann", "Bob"]
    sizes = {"ann": "one.eml", "bob": "two.eml"}
    assert {name: row["bytes"] for name, row in senders.items()} == {
        f"{name}@example.org": (built.tree / path).stat().st_size for name, path in sizes.items()
    }


def test_who_answers_whom_how_fast(built: Archive) -> None:
    (pair,) = mart(built, "mail_response_times")
    assert (pair["responder"], pair["asker"]) == ("bob@example.org", "ann@example.org")
    assert (pair["answers"], pair["median_hours"]) == (1, 24)
    (person,) = mart(built, "mail_responders")
    assert (person["person"], person["received"], person["answers"]) == ("bob@example.org", 1, 1)


def test_quarantine_is_told_by_rule(built: Archive) -> None:
    (row,) = mart(built, "quarantine_rules")
    assert (row["stage"], row["rule"], row["source"], row["open"]) == ("gate", "empty", "notes", 1)


def test_segments_are_those_of_the_lake(built: Archive) -> None:
    told = mart(built, "segment_statistics")
    segments = built.lake.table("segments").scan().collect()
    assert sum(row["segments"] for row in told) == segments.height
    assert sum(row["characters"] for row in told) == segments["text"].str.len_chars().sum()


def test_a_question_reads_the_marts_and_nothing_else(built: Archive) -> None:
    both = "select count(*) as n from marts.sources join raw using (source)"
    assert json.loads(built.dataq("sql", both, "--json").stdout) == [{"n": 7}]
    for bad in ("insert into marts.sources select 1", "from read_csv('/etc/passwd')"):
        assert built.dataq("sql", bad, code=1).stderr.startswith("error: ")
    assert "nothing" in built.dataq("sql", "from marts.nothing", code=1).stderr


def test_any_duckdb_client_reads_the_file(built: Archive) -> None:
    with duckdb.connect(str(built.home.marts_file), read_only=True) as connection:
        names = connection.sql("select table_name from duckdb_tables()").fetchall()
        (comment,) = connection.sql(
            "select comment from duckdb_tables() where table_name = 'sources'"
        ).fetchall()[0]
    assert {name for (name,) in names} == MODELS["marts"]
    assert comment.startswith("How fresh each source is")


MODELS = {
    "marts": {
        "duplicate_contents",
        "mail_responders",
        "mail_response_times",
        "mail_senders",
        "mail_threads",
        "mail_volumes",
        "quarantine_rules",
        "segment_statistics",
        "source_days",
        "sources",
        "storage_by_type",
    },
    "staging": {
        "stg_assets",
        "stg_items",
        "stg_mails",
        "stg_messages",
        "stg_quarantine",
        "stg_raw",
        "stg_replies",
        "stg_segments",
    },
}


def test_models_and_columns_are_described_and_marts_have_unit_tests(built: Archive) -> None:
    manifest = json.loads(MartsProject(built.home).manifest.read_text())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    for folder, names in MODELS.items():
        assert {node["name"] for node in models if node["fqn"][1] == folder} == names
    for node in models:
        assert node["description"], node["name"]
        assert all(column["description"] for column in node["columns"].values()), node["name"]
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert tested == MODELS["marts"] | {"stg_mails", "stg_replies"}


@pytest.mark.parametrize("schema", ["main", "staging"])
def test_the_descriptions_name_the_columns_that_are_there(built: Archive, schema: str) -> None:
    manifest = json.loads(MartsProject(built.home).manifest.read_text())
    told = {
        node["name"]: set(node["columns"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == schema
    }
    with duckdb.connect(str(built.home.marts_file), read_only=True) as connection:
        found = connection.execute(
            "select table_name, list(column_name) from duckdb_columns() "
            "where database_name = 'marts' and schema_name = ? group by 1",
            [schema],
        ).fetchall()
    assert {name: set(columns) for name, columns in found} == told


@pytest.mark.heavy
def test_the_documentation_is_one_page_with_every_model(built: Archive, tmp_path: Path) -> None:
    page = tmp_path / "marts.html"
    built.dataq("marts", "--docs", str(page))
    text = page.read_text()
    assert all(name in text for names in MODELS.values() for name in names)
    assert "When something was observed last. What did not change is not observed again." in text
