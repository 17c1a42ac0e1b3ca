"""What a lake says of its engine, and what DuckLake alone has: keys, a catalogue, its own files."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataq_lake import sql
from dataq_lake.attaching import attachment
from dataq_lake.cleaning import collect_blobs, vacuum
from dataq_lake.comparing import Counts, compare
from dataq_lake.difference import Difference
from dataq_lake.ducklake import catalogue as catalogues
from dataq_lake.ducklake.catalogue import Catalogue, close_catalogues
from dataq_lake.ducklake.session import METADATA
from dataq_lake.ducklake.staging import Staging
from dataq_lake.ducklake.table import DuckLakeTable
from dataq_lake.engine import DELTA, Engine, engine_of, parsed, write_engine
from dataq_lake.errors import (
    CatalogueUnreachable,
    ContentLost,
    FixTheCall,
    NotWritable,
    Retry,
    TableDamaged,
    VersionGone,
    WrongEngine,
)
from dataq_lake.folders import alone_in, private_folder
from dataq_lake.lake import Lake, open_lake
from dataq_lake.snapshots import create
from tests.lake.conftest import Rows
from tests.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
LATER = datetime.now(UTC) + timedelta(days=200)
NONE = timedelta(0)
on_ducklake = pytest.mark.engines("file", "encrypted", "postgres", heavy=("file", "postgres"))
in_file = pytest.mark.engines("file")


def states(lake: Lake) -> list[tuple[str, str]]:
    return sql.query(lake, "select id, state from quarantine order by id").fetchall()


@pytest.fixture
def busy(engine: str, lake: Lake, rows: Rows) -> Lake:
    """Rows that came in several commits, some of which went or were replaced; snapshots between."""
    handle = lake.table("quarantine")
    handle.append([rows("quarantine", ["a", "b", "c", "d"], state="1")])
    create(lake, "first")
    handle.insert_new([rows("quarantine", ["d", "e"], state="2")])
    handle.apply(Difference([rows("quarantine", ["a"], state="3")], ["a", "b"]))
    create(lake, "second")
    handle.apply(Difference([], ["e", "c"]))
    return lake


@pytest.mark.usefixtures("engine")
@pytest.mark.engines("delta", "file", "encrypted", "postgres", heavy=("file",))
def test_every_state_reads_the_same_on_every_engine(busy: Lake) -> None:
    """By SQL, by Polars and in batches; now, by version, by time and by snapshot."""
    expected = {
        "first": [("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")],
        "second": [("a", "3"), ("c", "1"), ("d", "1"), ("e", "2")],
        None: [("a", "3"), ("d", "1")],
    }
    for name, found in expected.items():
        lake = busy.at(name)
        assert states(lake) == found
        handle = lake.table("quarantine")
        assert handle.scan(["id", "state"]).sort("id").collect().rows() == found
        batches = pa.Table.from_batches(handle.batches(["id", "state"]))
        assert sorted(zip(*batches.to_pydict().values(), strict=True)) == found
        assert handle.count() == len(found)
        picked = pa.Table.from_batches(handle.rows(["d", "b", "x"], ["state", "id"]))
        assert sorted(picked["id"].to_pylist()) == [i for i, _ in found if i in "bd"]
        now = busy.table("quarantine")
        version = handle.version()
        assert now.scan(["id", "state"], version).sort("id").collect().rows() == found
    change = compare(busy.at("first"), busy.at("second")).tables["quarantine"]
    assert change == Counts(added=1, changed=1, removed=1)


@on_ducklake
def test_merging_and_cleaning_keep_what_snapshots_need(
    busy: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataq_lake.compacting.MANY", 2)
    handle = busy.table("quarantine")
    between = handle.history()[-2].version
    for number in range(4):
        handle.append([rows("quarantine", [f"new-{number}"], state="4")])
    assert len(handle.files()) < 6
    assert handle.scan(version=between).collect().height == 5
    kept = [states(busy.at(name)) for name in ("first", "second", None)]
    assert vacuum(handle, timedelta(0), timedelta(0), LATER).files > 0
    assert [states(busy.at(name)) for name in ("first", "second", None)] == kept
    assert vacuum(handle, timedelta(0), timedelta(0), LATER).files == 0, "a second time"
    with pytest.raises(VersionGone, match=f"version {between} of table quarantine"):
        handle.scan(version=between)
    assert handle.insert_new([rows("quarantine", ["a", "new-1", "z"])]).rows == 1


@pytest.mark.engines("encrypted")
def test_an_encrypted_file_is_nothing_without_its_key(busy: Lake, tmp_path: Path) -> None:
    files = busy.table("quarantine").files()
    assert files
    stolen = tmp_path / "stolen.parquet"
    for file in files:
        stolen.write_bytes(file.read_bytes())
        with pytest.raises((pa.ArrowException, OSError)):
            pq.read_table(stolen)
        with pytest.raises(duckdb.InvalidInputException, match="is encrypted"):
            duckdb.sql(f"select * from read_parquet('{stolen}')").fetchall()
        assert b"quarantine" not in stolen.read_bytes()


@pytest.mark.usefixtures("engine")
@pytest.mark.engines("delta", "file", "encrypted", "postgres", heavy=("encrypted", "postgres"))
@pytest.mark.local("tests/s3/test_walls.py gives a client the keys of the store")
def test_any_client_opens_the_views_of_every_engine(busy: Lake) -> None:
    """A DuckDB with no catalogue and no extension but for the files that are encrypted."""
    for lake in (busy, busy.at("first"), busy.at("second")):
        client = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        client.execute(attachment(lake))
        found = client.sql("select id, state from quarantine order by id").fetchall()
        assert found == states(lake)
        client.close()


@on_ducklake
def test_damage_is_found_and_cleared(busy: Lake) -> None:
    handle = busy.table("quarantine")
    assert list(handle.damage()) == []
    first, *others = handle.files()
    first.write_bytes(first.read_bytes()[:-20] + bytes(20))  # of its end: pages have no checksum
    for other in others:
        other.unlink()
    told = {each.place: each.reason for each in handle.damage()}
    assert len(told) == 1 + len(others)
    assert "cannot be read" in told[f"quarantine/{first.name}"]
    assert [told[f"quarantine/{each.name}"] for each in others] == [
        "is in the catalogue but not on disk"
    ] * len(others)
    with pytest.raises((ContentLost, FixTheCall)):
        states(busy)
    assert handle.clear().deleted == 2
    assert (handle.count(), states(busy), list(handle.damage())) == (0, [], [])


@pytest.mark.engines("file", "postgres")
def test_a_lake_without_its_catalogue_is_not_begun_anew(
    lake: Lake, engine: str, rows: Rows, postgres: Postgres
) -> None:
    lake.table("items").append([rows("items", ["a"])])
    files = lake.table("items").files()
    close_catalogues()
    if lake.catalogue and lake.catalogue.file:
        lake.catalogue.file.unlink()
    else:
        postgres.forget_databases()
    for use in (lambda h: h.count(), lambda h: h.append([rows("items", ["b"])])):
        with pytest.raises(TableDamaged, match=r"catalogue of the lake at .* is gone"):
            use(open_lake(lake.root).table("items"))
    assert all(file.exists() for file in files)


@on_ducklake
def test_blobs_of_kept_versions_stay(lake: Lake, engine: str, rows: Rows) -> None:
    uris = [lake.blobs.put(text).uri for text in (b"kept", b"gone", b"now")]
    lake.blobs.settle()
    handle = lake.table("assets")
    handle.append([rows("assets", ["a"], storage_path=uris[0])])
    create(lake, "kept")
    handle.apply(Difference([rows("assets", ["a"], storage_path=uris[1])], ["a"]))
    handle.apply(Difference([rows("assets", ["a"], storage_path=uris[2])], ["a"]))
    vacuum(handle, timedelta(0), timedelta(0), LATER)
    collect_blobs(lake, timedelta(0))
    assert [lake.blobs.exists(uri) for uri in uris] == [True, False, True]


@pytest.mark.engines("postgres")
@pytest.mark.parametrize("gone", [[], ["a"]])
def test_a_rival_that_adds_the_same_key_meanwhile(
    lake: Lake, engine: str, rows: Rows, gone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at what is there and the commit; in a DuckDB of its own, as in a process."""
    handle = lake.table("quarantine")
    handle.insert_new([rows("quarantine", ["a"])])
    assert lake.catalogue
    rival = DuckLakeTable(Catalogue(lake.catalogue.engine, lake.root), "quarantine")
    drop_known, added = Staging.drop_known, []

    def looked(staging: Staging, known: str) -> None:
        drop_known(staging, known)
        if not added:
            added.append(0)
            added.append(rival.apply(Difference([rows("quarantine", ["a", "b", "c"])], gone)).rows)

    monkeypatch.setattr(Staging, "drop_known", looked)
    mine = handle.apply(Difference([rows("quarantine", ["a", "b", "d"])], gone)).rows
    rival.catalogue.close()
    assert (added[1], mine) == (2 + len(gone), 1 + 1 * len(gone))
    assert sorted(handle.scan(["id"]).collect()["id"]) == ["a", "b", "c", "d"]


def dated(lake: Lake, times: list[datetime]) -> None:
    """Has the last versions of quarantine be of these times, and all before of the first."""
    handle = lake.table("quarantine")
    newest = handle.version()
    assert newest is not None
    for version in range(newest + 1):
        at = times[max(0, version - newest + len(times) - 1)]
        if isinstance(handle, DuckLakeTable):
            with handle.catalogue.making() as session:
                text = f"update {METADATA}.ducklake_snapshot set snapshot_time = ? where "
                session.connection.execute(f"{text} snapshot_id = ?", [at, version])
            continue
        path = handle.folder / "_delta_log" / f"{version:020}.json"  # type: ignore[attr-defined]
        actions = [json.loads(line) for line in path.read_bytes().splitlines()]
        for action in actions:
            if "commitInfo" in action:
                action["commitInfo"]["timestamp"] = int(at.timestamp() * 1000)
        path.write_bytes("\n".join(map(json.dumps, actions)).encode())


@pytest.mark.usefixtures("engine")
@pytest.mark.engines("delta", "file", "postgres", heavy=("postgres",))
def test_a_clock_that_went_back_hides_and_takes_nothing(lake: Lake, rows: Rows) -> None:
    """The third version says an hour before the second; how it was in between stays readable."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    for id_ in "abc":
        lake.table("quarantine").append([rows("quarantine", [id_])])
    dated(lake, [now - 3 * hour, now, now - hour])
    handle = open_lake(lake.root).table("quarantine")
    between = now - hour / 2
    for _ in range(2):
        for moment, count in ((now - 2 * hour, 1), (between, 1), (now + hour, 3)):
            assert handle.scan(as_of=moment).collect().height == count, moment
        vacuum(handle, hour / 2, NONE, now)


# ---- which engine


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("delta", DELTA),
        ("ducklake:lake.ducklake", Engine("ducklake", "lake.ducklake")),
        ("ducklake+encrypted:/x/y.db", Engine("ducklake", "/x/y.db", encrypted=True)),
        ("ducklake:postgres:dbname=a host=b", Engine("ducklake", "postgres:dbname=a host=b")),
    ],
)
def test_settings_that_name_an_engine(text: str, named: Engine) -> None:
    assert parsed(text) == named
    assert str(named) == text


@pytest.mark.parametrize("text", ["iceberg", "ducklake", "ducklake:", "delta:x", "deltalake:x"])
def test_settings_that_name_none(text: str) -> None:
    with pytest.raises(FixTheCall, match=r"write delta, ducklake:lake\.ducklake or"):
        parsed(text)


@pytest.mark.parametrize(
    "secret", ["dbname=a password=hush", "dbname=a PASSWORD = hush", "postgresql://me:hush@host/a"]
)
def test_a_password_is_not_taken(secret: str) -> None:
    with pytest.raises(FixTheCall, match="PGPASSWORD") as refused:
        parsed(f"ducklake:postgres:{secret}")
    assert "hush" not in str(refused.value)


@pytest.mark.local("a DuckDB file is on a disk")
@pytest.mark.parametrize(
    ("made", "asked"), [("delta", "ducklake:lake.ducklake"), ("ducklake:lake.ducklake", "delta")]
)
def test_a_lake_keeps_its_engine(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch, made: str, asked: str
) -> None:
    monkeypatch.setenv("DATAQ_TABLES", made)
    lake.table("items").append([rows("items", ["a"])])
    close_catalogues()
    monkeypatch.setenv("DATAQ_TABLES", asked)
    with pytest.raises(WrongEngine, match=f"is {asked}, but the lake at .* was made with {made}"):
        open_lake(lake.root).table("items")
    monkeypatch.delenv("DATAQ_TABLES")
    assert open_lake(lake.root).table("items").count() == 1
    assert str(engine_of(lake.root)) == made


@pytest.mark.engines("postgres")
def test_no_secret_is_written_down(lake: Lake, engine: str, rows: Rows) -> None:
    lake.table("items").append([rows("items", ["a"])])
    secret = os.environ["PGPASSWORD"].encode()
    found = lake.root.rglob("*") if isinstance(lake.root, Path) else lake.root.below()
    files = [path for path in found if path.is_file()]
    assert files
    assert not any(secret in path.read_bytes() for path in files)


@pytest.mark.engines("postgres")
def test_a_database_that_does_not_let_us_in(
    lake: Lake, engine: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong")
    with pytest.raises(CatalogueUnreachable, match="authentication failed"):
        lake.table("items").append([rows("items", ["a"])])


@pytest.mark.engines("file", "postgres")
@pytest.mark.local("only a disk is full")
def test_nothing_is_committed_to_a_lake_that_does_not_say_what_it_is(
    lake: Lake, engine: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr("dataq_lake.engine.write_whole", full)
        for _ in range(2):
            with pytest.raises(NotWritable, match="No space left"):
                lake.table("items").append([rows("items", ["a"])])
    assert lake.table("items").append([rows("items", ["a"])]).rows == 1
    close_catalogues()
    assert engine_of(lake.root).kind == "ducklake"
    assert open_lake(lake.root).table("items").count() == 1


# ---- a catalogue in a file


HOLDER = """
import sys
from dataq_lake.lake import open_lake
with open_lake(sys.argv[1]).catalogue.making():
    print("held", flush=True)
    sys.stdin.readline()
"""


@in_file
def test_a_file_that_another_process_holds_is_waited_for(
    lake: Lake, engine: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = lake.table("items")
    handle.append([rows("items", ["a"])])
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, str(lake.root)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, text=True) as holder:
        assert holder.stdout and holder.stdin
        assert holder.stdout.readline() == "held\n"
        with monkeypatch.context() as impatient:
            impatient.setattr(catalogues, "WAIT_SECONDS", 0.2)
            told = rf"in use by .*PID {holder.pid}.*one process at a time"
            with pytest.raises(Retry, match=told):
                handle.append([rows("items", ["b"])])
        holder.stdin.write("go on\n")
        holder.stdin.flush()
        assert handle.append([rows("items", ["b"])]).rows == 1
    assert handle.count() == 2


@in_file
def test_who_makes_a_file_is_alone(lake: Lake, engine: str, rows: Rows) -> None:
    """Two would write over each other's, now and then."""
    file = made_by_hand(lake)
    with ThreadPoolExecutor(1) as threads:
        with alone_in(file.parent):
            append = threads.submit(lake.table("items").append, [rows("items", ["a"])])
            assert wait([append], 0.5).not_done
        assert append.result(60).rows == 1
    with alone_in(file.parent):  # of one that is made nobody has to wait for others
        assert lake.table("items").append([rows("items", ["b"])]).rows == 1
    assert lake.table("items").count() == 2


@in_file
@pytest.mark.parametrize("size", [0, 100, 4096, 8192, 12287, 12288])
def test_one_that_was_killed_while_it_made_a_file_does_no_harm(
    lake: Lake, engine: str, rows: Rows, size: int
) -> None:
    file = made_by_hand(lake)
    duckdb.connect(file).close()
    with file.open("r+b") as half:
        half.truncate(size)
    assert lake.table("items").append([rows("items", ["a"])]).rows == 1
    close_catalogues()
    with file.open("r+b") as half:
        half.truncate(size)
    with pytest.raises(CatalogueUnreachable):
        lake.table("items").count()
    assert file.stat().st_size == size, "one with rows is left as it is"


def made_by_hand(lake: Lake) -> Path:
    """Where the catalogue will be, in a folder that is there."""
    assert lake.catalogue
    assert lake.catalogue.file
    return private_folder(lake.catalogue.file.parent) / lake.catalogue.file.name


def test_what_a_lake_says_of_its_engine_is_said_once(tmp_path: Path) -> None:
    for _ in range(2):
        write_engine(tmp_path, DELTA)
    with pytest.raises(WrongEngine, match="was just made with delta"):
        write_engine(tmp_path, parsed("ducklake:lake.ducklake"))
    assert [each.name for each in tmp_path.iterdir()] == ["engine.json"]
    assert engine_of(tmp_path) == DELTA
