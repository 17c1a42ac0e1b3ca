"""Marts that are built again: after a change, by the daemon, and not after what is wrong."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa
import pytest

from dataq_assets import marts
from dataq_assets.runs.launch import launch, open_instance
from dataq_lake.written import CommitInfo
from tests.assets.daemon import serving
from tests.marts.conftest import Archive

ORPHAN = {
    "id": "0" * 32,
    "asset_id": "f" * 32,
    "segment_type": "paragraph",
    "sequence_number": 0,
    "text": "of no asset",
}


def figure(archive: Archive, question: str) -> Any:
    """The one value that answers a question about the marts."""
    with duckdb.connect(str(archive.home.marts_file), read_only=True) as connection:
        return connection.sql(question).fetchall()[0][0]


@pytest.mark.heavy
def test_a_broken_row_fails_a_test_and_leaves_the_marts_as_they_were(archive: Archive) -> None:
    before = archive.home.marts_file.read_bytes()
    segments = archive.lake.table("segments")
    row = pa.RecordBatch.from_pylist([ORPHAN], schema=segments.table.schema)
    segments.append([row], CommitInfo("test", "segments"))

    told = json.loads(archive.dataq("marts", "--json", code=1).stdout)
    reasons = " ".join(each["reason"] for each in told["failures"])
    assert "relationships_stg_segments_asset_id" in reasons and "Got 1 result" in reasons
    assert archive.home.marts_file.read_bytes() == before
    assert not (archive.home.marts / "draft").exists()


STAGED = dg.AssetKey(["marts", "stg_raw"])
ASSETS = "{ assetNodes { assetKey { path } groupName dependencyKeys { path } } }"


def name_of(key: dict[str, list[str]]) -> str:
    return "/".join(key["path"])


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what dbt loads, here in this process
def test_a_build_of_some_models_leaves_the_others(archive: Archive) -> None:
    """Dagster asks for some of them where the tables of others are being written."""
    with duckdb.connect(str(archive.home.marts_file), read_only=True) as connection:
        before = connection.sql("select table_name from duckdb_tables() order by 1").fetchall()
    with open_instance(archive.home) as instance:
        outcome = launch(instance, marts.build(archive.home), [STAGED])
    assert outcome.ok, outcome.failures
    with duckdb.connect(str(archive.home.marts_file), read_only=True) as connection:
        now = connection.sql("select table_name from duckdb_tables() order by 1").fetchall()
    assert now == before
    assert figure(archive, "select things from sources") == 7


@pytest.mark.heavy
def test_the_daemon_builds_the_marts_again_when_a_source_has_changed(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAQ_HOME", str(archive.home.path))
    seen, tables = "select things from sources", "select count(*) from duckdb_tables()"
    before = figure(archive, tables)
    with serving(archive.home.path, tmp_path / "dev.log", monkeypatch, marts=True) as daemon:
        assert figure(archive, seen) == 7
        (archive.tree / "more.txt").write_text("A kingfisher under the bridge.\n")
        daemon.eventually(lambda: figure(archive, seen) == 8)
        daemon.eventually(lambda: figure(archive, "select sum(assets) from storage_by_type") == 7)

        nodes = daemon.ask(ASSETS)["assetNodes"]
        reads = {
            "/".join(node["assetKey"]["path"]): {
                "/".join(k["path"]) for k in node["dependencyKeys"]
            }
            for node in nodes
            if node["groupName"] in {"staging", "marts"}
        }
        assert reads["marts/stg_raw"] == {"raw_notes"}
        assert reads["marts/stg_assets"] == {"assets", "entities"}
        assert reads["marts/stg_quarantine"] == {
            "quarantine/rejected_items",
            "quarantine/rejected_members",
            "quarantine/rejected_texts",
        }
        assert reads["marts/storage_by_type"] == {"marts/stg_assets"}
        daemon.eventually(lambda: all(run.is_finished for run in daemon.runs()))
        assert figure(archive, tables) == before > 7, "none was lost"


@pytest.mark.heavy
def test_freshness_is_told_by_dbt_and_is_a_check(archive: Archive) -> None:
    raw = archive.lake.raw("notes")
    for days, code in ((10, 0), (40, 1)):
        rows = raw.scan().collect()
        old = rows.with_columns(observed_at=datetime.now(UTC) - timedelta(days=days))
        shutil.rmtree(archive.home.lake / "tables" / "raw_notes")
        raw.append(old.to_arrow().to_batches(), CommitInfo("test", "raw_notes"))
        told = json.loads(archive.dataq("marts", "--freshness", "--json", code=code).stdout)
        lines = [*told["warnings"], *(each["reason"] for each in told["failures"])]
        assert any(f"{days}.0 days old" in line for line in lines), told
    with open_instance(archive.home) as instance:  # as Dagster's page shows it
        storage = instance.event_log_storage
        key = dg.AssetCheckKey(STAGED, "source_freshness")
        last = storage.get_latest_asset_check_execution_by_key([key])[key]
    assert last.run_id in told["run_ids"]
