"""Lakes of every earlier version are read, refused to writers, and upgraded whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from dataq_lake import migrating, sql, upgrading
from dataq_lake.ducklake import upgrading as ducklake_upgrading
from dataq_lake.errors import (
    CannotUpgrade,
    Retry,
    TableDamaged,
    UnknownTable,
    UpgradeDataq,
    UpgradeLake,
)
from dataq_lake.lake import Lake, open_lake
from dataq_lake.log_entries import SCHEMA_VERSION
from dataq_lake.migrating import Migration, migrations, way
from dataq_lake.schemas import TABLES, Table, raw_table
from dataq_lake.snapshots import create, retire, snapshots
from dataq_lake.table_files import damage
from dataq_lake.upgrading import Upgrade, expect_upgraded, plan, upgrade
from tests.lake.conftest import Rows

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = sorted(path for path in (Path(__file__).parent / "fixtures").iterdir() if path.is_dir())


OLD = [path for path in FIXTURES if path.name.startswith("snapshots_")]


@pytest.fixture(params=OLD, ids=lambda path: path.name)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """A lake that an earlier version has written."""
    shutil.copytree(request.param, tmp_path / "lake")
    return open_lake(tmp_path / "lake")


def everything(lake: Lake) -> dict[str, bytes]:
    """Every file of the lake."""
    return {
        str(path.relative_to(lake.root)): path.read_bytes()
        for path in sorted(lake.root.rglob("*"))
        if path.is_file()
    }


def answers(lake: Lake) -> list[object]:
    """What people ask of a lake, whatever its version."""
    raw = sql.query(lake, "select item_id, payload, metadata['author'] from raw order by 1")
    rows = lake.table("snapshots").scan(["id", "manifest", "segments"]).sort("id").collect()
    return [raw.fetchall(), rows.rows(), lake.state("notes"), len(snapshots(lake))]


def test_an_old_lake_is_read(old: Lake) -> None:
    (raw, rows, state, count) = answers(old)
    assert raw == [(f"{n:032x}", b"note %d" % n, "Ann") for n in (1, 2)]
    assert (len(rows), state, count) == (2, b"second", 2)  # type: ignore[arg-type]
    assert [len(list(old.at(name).raw("notes").batches())) for name in ("first", "second")] == [
        1,
        2,
    ]


def test_writers_refuse_an_old_lake_in_one_line(old: Lake) -> None:
    before = everything(old)
    handle = old.table("snapshots")
    batch = pa.RecordBatch.from_pylist([{"id": "x"}], schema=handle.table.schema)
    for write in (handle.append, handle.insert_new):
        with pytest.raises(
            UpgradeLake, match=r"snapshots has schema version 1, .* `dataq upgrade`"
        ):
            write([batch])
    for refused in (lambda: expect_upgraded(old), lambda: retire(old, "first")):
        with pytest.raises(UpgradeLake, match=r"an older DataQ \(snapshots\): run `dataq upgrade`"):
            refused()
    assert everything(old) == before


def test_an_old_lake_is_upgraded(old: Lake) -> None:
    before, files = answers(old), everything(old)
    assert plan(old) == [Upgrade("snapshots", 1, 2, ("snapshots_0002_sequence",), 2)]
    assert everything(old) == files
    version = old.table("snapshots").version()
    done: list[Upgrade] = []
    upgrade(old, done.append)
    assert done == [Upgrade("snapshots", 1, 2, ("snapshots_0002_sequence",), 2)]
    for lake in (old, open_lake(old.root)):
        assert answers(lake) == before
        assert plan(lake) == []
        expect_upgraded(lake)
        assert list(damage(lake.table("snapshots"))) == []
        found = sql.query(lake, "select sequence, retired_at from snapshots order by sequence")
        assert found.fetchall() == [(1, None), (2, None)]
    handle = old.table("snapshots")
    assert [field.name for field in DeltaTable(str(handle.folder)).schema().fields] == (
        handle.table.schema.names
    )
    assert DeltaTable(str(handle.folder)).to_pyarrow_table().num_rows == 2
    assert upgrade(old) == [], "a second time there is nothing to do"
    assert len(handle.files(version=version)) == 2, "the old version is kept"


def test_an_upgraded_lake_goes_on(old: Lake) -> None:
    upgrade(old)
    create(old, "third")
    retire(old, "first")
    found = sql.query(
        old, "select sequence, retired_at is not null from snapshots order by sequence"
    )
    assert found.fetchall() == [(1, True), (2, False), (3, False)]
    assert len(old.at("second").raw("notes").files()) == 2


def test_how_it_was_stays_readable(old: Lake) -> None:
    now = old.table("snapshots").history()[0].time
    upgrade(old)
    for lake in (old.at(now), old.at("second")):
        assert sql.query(lake, "select count(*) from raw").fetchall() == [(2,)]
    assert sql.query(old.at(now), "select count(*) from snapshots").fetchall() == [(2,)]
    assert old.at(now).table("snapshots").scan(["retired_at"]).collect().to_series().is_null().all()


DIE = """
import os, sys
from dataq_lake import upgrading
from dataq_lake.lake import open_lake
lake, deadly = open_lake(sys.argv[1]), int(sys.argv[2])
steps = 0
def step(*_):
    global steps
    steps += 1
    if steps == deadly:
        os.kill(os.getpid(), 9)
def around(call):
    def wrapped(*args, **more):
        step()
        result = call(*args, **more)
        step()
        return result
    return wrapped
for name in ("commit", "_add_columns", "_replace_rows"):
    setattr(upgrading, name, around(getattr(upgrading, name)))
upgrading.PartWriter.finish = around(upgrading.PartWriter.finish)
upgrading.upgrade(lake, step)
print(steps)
"""


def killed(lake: Lake, at: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DIE, str(lake.root), str(at)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("at", range(2, 10, 2))
def test_a_killed_upgrade_goes_on(old: Lake, tmp_path: Path, at: int) -> None:
    """Between any two of its steps: readers see one version or the other, and nothing twice."""
    before = answers(old)
    died = killed(old, at)
    assert died.returncode == -9, died.stdout + died.stderr
    assert answers(old) == before
    left = plan(old)
    assert killed(old, -1).returncode == 0
    assert answers(old) == before
    assert plan(old) == []
    found = sql.query(old, "select sequence from snapshots order by 1").fetchall()
    assert found == [(1,), (2,)]
    rewritten = [each for each in old.table("snapshots").history() if each.asset == "upgrade"]
    assert len(rewritten) == 1, (at, left)


def test_rows_are_not_migrated_twice(old: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the rows were replaced and before the version was written down."""
    (real,) = (each for each in migrations() if each.table == "snapshots")
    called: list[int] = []

    def migrate(batch: pa.RecordBatch) -> pa.RecordBatch:
        called.append(batch.num_rows)
        assert real.migrate
        return real.migrate(batch)

    mine = Migration(real.name, real.table, 1, 2, real.doc, migrate)
    monkeypatch.setattr(migrating, "migrations", lambda: (mine,))
    tables = DeltaTable.alter.fget  # type: ignore[attr-defined]

    class Killed(BaseException):
        pass

    def dead(_: object) -> object:
        raise Killed

    upgrading._add_columns(old.table("snapshots"))
    monkeypatch.setattr(DeltaTable, "alter", property(dead))
    with pytest.raises(Killed):
        upgrade(old)
    monkeypatch.setattr(DeltaTable, "alter", property(tables))
    assert [each.before for each in upgrade(open_lake(old.root))] == [1]
    assert sum(called) == 2


@pytest.mark.parametrize(
    ("says", "told"), [("3", "upgrade DataQ"), ("0", "never wrote"), ("x", "'x'")]
)
def test_an_unknown_version_changes_nothing(old: Lake, says: str, told: str) -> None:
    """Of any table, also of one that would come after another that could be upgraded."""
    delta = DeltaTable(str(old.table("snapshots").folder))
    delta.alter.set_table_properties({SCHEMA_VERSION: says}, raise_if_not_exists=False)
    before = everything(old)
    with pytest.raises(UpgradeDataq, match=told):
        upgrade(open_lake(old.root))
    assert everything(old) == before


def test_a_way_with_a_gap_changes_nothing(old: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    table = TABLES["snapshots"]
    newer = Table(table.name, table.schema, table.key, table.doc, version=4)
    monkeypatch.setitem(TABLES, "snapshots", newer)
    before = everything(old)
    with pytest.raises(CannotUpgrade, match="from 2 there is no way to 4"):
        upgrade(open_lake(old.root))
    assert everything(old) == before


def test_a_damaged_table_does_not_stop_writers_of_others(old: Lake) -> None:
    upgrade(old)
    (old.raw("notes").folder / "_delta_log" / f"{2:020}.json").write_text("{ torn")
    expect_upgraded(open_lake(old.root))
    with pytest.raises(TableDamaged):
        plan(open_lake(old.root))


def test_a_table_that_nobody_knows_changes_nothing(old: Lake) -> None:
    shutil.copytree(old.table("snapshots").folder, old.root / "tables" / "future")
    before = everything(old)
    with pytest.raises(UnknownTable, match="'future'"):
        upgrade(open_lake(old.root))
    assert everything(old) == before


def test_an_index_of_a_newer_format_changes_nothing(old: Lake) -> None:
    manifest = next((old.root / "indexes" / "snapshots").glob("*/manifest.json"))
    stored = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**stored, "format": 99}))
    before = everything(old)
    with pytest.raises(UpgradeDataq, match="has format 99"):
        upgrade(open_lake(old.root))
    assert everything(old) == before


def test_another_writer_makes_it_begin_again(old: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrading, "commit", lambda *_: None)
    before = len(old.table("snapshots").stored_files())
    with pytest.raises(Retry, match="other writers were faster"):
        upgrade(old)
    assert len(old.table("snapshots").stored_files()) == before, "nothing is left over"


def test_columns_that_come_alone_rewrite_nothing(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raw tables among them, from which nothing may be removed."""
    lake.raw("s").append([rows("raw_s", ["a" * 32])])
    files = lake.raw("s").files()
    now = raw_table("s")
    schema = now.schema.append(pa.field("weight", pa.float64()))
    later = Table(now.name, schema, now.key, now.doc, now.bulky, 2, insert_only=True)
    monkeypatch.setattr("dataq_lake.schemas.raw_table", lambda _: later)
    monkeypatch.setattr(
        migrating, "migrations", lambda: (Migration("raw_0002_weight", "raw", 1, 2, ""),)
    )
    lake = open_lake(lake.root)
    assert lake.raw("s").scan(["item_id", "weight"]).collect().rows() == [("a" * 32, None)]
    upgrade(lake)
    handle = lake.raw("s")
    assert handle.files() == files
    weighed = pa.RecordBatch.from_pylist([{"item_id": "b" * 32, "weight": 2.5}], schema=schema)
    handle.append([weighed])
    asked = sql.query(lake, "select item_id, weight from raw_s order by 1").fetchall()
    assert asked == [("a" * 32, None), ("b" * 32, 2.5)]


def test_steps_follow_one_another() -> None:
    steps = [Migration(f"t_{n}", "t", n - 1, n, "") for n in (2, 3, 4)]
    assert [step.after for step in way("t", 1, 4, steps)] == [2, 3, 4]
    assert [step.after for step in way("t", 3, 4, steps)] == [4]
    assert way("t", 4, 4, steps) == ()
    assert way("raw_x", 1, 2, [Migration("raw_0002", "raw", 1, 2, "")])
    for wrong in (steps[1:], [*steps, Migration("twice", "t", 1, 3, "")]):
        with pytest.raises(CannotUpgrade):
            way("t", 1, 4, wrong)
    with pytest.raises(CannotUpgrade):
        way("t", 1, 2, [Migration("jump", "t", 1, 3, "")])


@pytest.mark.parametrize("table", [*TABLES.values(), raw_table("s")], ids=lambda table: table.name)
def test_there_is_a_way_from_every_earlier_version(table: Table) -> None:
    for version in range(1, table.version):
        steps = way(table.name, version, table.version)
        assert all(step.name.startswith(f"{step.table}_{step.after:04}_") for step in steps)
        assert all(step.doc for step in steps)


def test_deliveries_of_an_earlier_version_have_no_order_and_no_hashes(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES[0].with_name("deliveries_1"), tmp_path / "lake")
    lake = open_lake(tmp_path / "lake")
    before = lake.table("deliveries").scan(["id", "step", "state", "row_ids"]).collect()
    with pytest.raises(UpgradeLake):
        expect_upgraded(lake)
    assert upgrade(lake) == [Upgrade("deliveries", 1, 2, ("deliveries_0002_changes",), 4)]
    rows = open_lake(lake.root).table("deliveries").scan().collect()
    assert rows.select(before.columns).equals(before)
    assert rows.select(pl.col("sequence", "row_hashes").null_count()).row(0) == (4, 4)


def test_mails_of_an_earlier_version_lack_what_nobody_had_read(tmp_path: Path) -> None:
    """The new version of their analyzer reads them again, and says it then."""
    shutil.copytree(FIXTURES[0].with_name("messages_1"), tmp_path / "lake")
    lake = open_lake(tmp_path / "lake")
    names = ("messages", "texts")
    keys = {"messages": "message_id", "texts": "id"}
    before = [lake.table(name).scan([keys[name]]).collect() for name in names]
    assert [(each.table, each.before, each.after, each.rows) for each in upgrade(lake)] == [
        ("messages", 1, 2, 2),
        ("texts", 1, 2, 2),
    ]
    lake = open_lake(lake.root)
    for name, old, new in zip(names, before, ("identity", "mail"), strict=True):
        rows = lake.table(name).scan().collect()
        assert rows.select(old.columns).equals(old)
        assert rows[new].null_count() == 2
        assert list(damage(lake.table(name))) == []


def test_every_earlier_version_has_a_fixture() -> None:
    kept = {path.name for path in FIXTURES}
    earlier = {f"{t.name}_{v}" for t in TABLES.values() for v in range(1, t.version)}
    assert earlier <= kept


def written_by_an_older(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, name: str, new: tuple[str, ...]
) -> pl.DataFrame:
    """Two rows of a table as its first version had them, without the columns that are new."""
    now = TABLES[name]
    schema = pa.schema([field for field in now.schema if field.name not in new])
    with monkeypatch.context() as patch:
        first = Table(now.name, schema, now.key, now.doc, now.bulky)
        patch.setitem(TABLES, name, first)
        lake = open_lake(lake.root)
        manifests = [json.dumps({"sequence": number}) for number in (1, 2)]
        rows = [
            {each.name: f"{each.name} {n}" for each in schema if each.type == pa.string()}
            | ({"manifest": manifests[n]} if "manifest" in schema.names else {})
            for n in range(2)
        ]
        lake.table(name).append([pa.RecordBatch.from_pylist(rows, schema=schema)])
        return lake.table(name).scan().sort("id").collect()


@pytest.mark.engines("file", "postgres", "encrypted", heavy=("postgres", "encrypted"))
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("name", "new"),
    [("snapshots", ("sequence", "retired_at")), ("deliveries", ("sequence", "row_hashes"))],
)
def test_tables_of_a_ducklake_are_upgraded(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, name: str, new: tuple[str, ...]
) -> None:
    before = written_by_an_older(lake, monkeypatch, name, new)
    past = lake.table(name).version()
    lake = open_lake(lake.root)
    with pytest.raises(UpgradeLake, match=name):
        expect_upgraded(lake)
    (done,) = upgrade(lake)
    assert (done.table, done.before, done.after, done.rows) == (name, 1, 2, 2)
    expect_upgraded(lake)
    assert upgrade(lake) == [], "nothing is done twice"
    rows = lake.table(name).scan().sort("id").collect()
    assert rows.select(before.columns).equals(before)
    expected = [(1, None), (2, None)] if name == "snapshots" else [(None, None)] * 2
    assert rows.select(new).rows() == expected
    assert lake.table(name).scan(before.columns, version=past).sort("id").collect().equals(before)
    lake.table(name).append([rows.head(1).to_arrow().to_batches()[0].cast(TABLES[name].schema)])
    assert lake.table(name).count() == 3


@pytest.mark.engines("file")
@pytest.mark.usefixtures("engine")
def test_rows_that_came_meanwhile_are_migrated_as_well(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older DataQ writes between the look at a DuckLake table and its transaction."""
    written_by_an_older(lake, monkeypatch, "snapshots", ("sequence", "retired_at"))
    looks: list[int] = []
    real = ducklake_upgrading.commit

    def commit(*given: Any) -> Any:
        if not looks:
            written_by_an_older(lake, monkeypatch, "snapshots", ("sequence", "retired_at"))
        looks.append(1)
        return real(*given)

    monkeypatch.setattr(ducklake_upgrading, "commit", commit)
    lake = open_lake(lake.root)
    upgrade(lake)
    rows = lake.table("snapshots").scan(["sequence"]).sort("sequence").collect()
    assert rows["sequence"].to_list() == [1, 2]
    assert len(looks) == 2
