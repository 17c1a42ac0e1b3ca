"""Three lines of Python from a lake to a frame."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import dataq_lake
from dataq_lake.errors import LakeMissing, LimitReached
from dataq_lake.lake import open_lake
from dataq_lake.limits import Limits
from tests.lake.conftest import Rows

ROOT = Path(__file__).resolve().parents[2]
BOMB = "select count(*) from range(1000000000000) a, range(1000000000) b"


@pytest.fixture
def archived(home: Path, rows: Rows) -> Path:
    """A home with a lake in it."""
    lake = open_lake(home / "lake")
    lake.raw("mail").append([rows("raw_mail", ["m1", "m2"], source="mail", metadata={"a": "1"})])
    return home


def test_three_lines(archived: Path) -> None:
    lake = dataq_lake.open()
    frame = lake.sql("select item_id, source from raw order by 1").pl()
    assert frame.equals(pl.DataFrame({"item_id": ["m1", "m2"], "source": ["mail"] * 2}))
    table = lake.sql("select item_id from raw order by 1").arrow()
    assert isinstance(table, pa.Table)
    assert table.column("item_id").to_pylist() == ["m1", "m2"]
    reader = lake.sql("select range from range(25000)").to_arrow_reader(10_000)
    assert sum(batch.num_rows for batch in reader) == 25_000
    answer = lake.sql("select 1 as one, 2 as two")
    assert answer.columns == ["one", "two"]
    assert (answer.fetchone(), answer.fetchone()) == ((1, 2), None)


@pytest.mark.parametrize("inner", ["", "lake"])
def test_a_home_or_a_lake_by_its_path(
    archived: Path, inner: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATAQ_HOME", str(tmp_path / "nowhere"))
    lake = dataq_lake.open(archived / inner)
    assert lake.sql("select count(*) from raw").fetchall() == [(2,)]
    with pytest.raises(LakeMissing, match="nothing has been archived yet"):
        dataq_lake.open()


def test_as_it_was(archived: Path, rows: Rows) -> None:
    raw = dataq_lake.open().raw("mail")
    then = raw.history()[0].time
    raw.append([rows("raw_mail", ["m3"], source="mail")])
    assert dataq_lake.open(as_of=then).sql("select count(*) from raw").fetchall() == [(2,)]
    assert dataq_lake.open().sql("select count(*) from raw").fetchall() == [(3,)]


@pytest.mark.parametrize("fetch", ["pl", "arrow", "fetchall", "fetchone"])
def test_limits_hold_in_python_too(archived: Path, fetch: str) -> None:
    with pytest.raises(LimitReached, match=r"stopped after 0.3 seconds"):
        getattr(dataq_lake.open().sql(BOMB, Limits(seconds=0.3)), fetch)()


def test_a_stream_that_runs_out_of_time_or_memory(archived: Path) -> None:
    lake = dataq_lake.open()
    endless = lake.sql("select * from range(100000000000)", Limits(seconds=0.3))
    with pytest.raises(LimitReached, match="stopped after"):
        for _ in endless.to_arrow_reader():
            pass
    large = "select list(range) from range(10000000000)"
    with pytest.raises(LimitReached, match="needs more than 50MB of memory"):
        lake.sql(large, Limits(memory="50MB")).to_arrow_reader().read_all()


def test_the_time_of_the_reader_does_not_count(archived: Path) -> None:
    import time

    reader = dataq_lake.open().sql("select * from range(9)", Limits(seconds=0.4)).to_arrow_reader(3)
    seen = 0
    for batch in reader:
        time.sleep(0.3)
        seen += batch.num_rows
    assert seen == 9


def test_what_the_documentation_shows(archived: Path) -> None:
    """Every block of Python on its page runs, in order, in a process without Dagster."""
    page = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert "import dataq_lake\nlake = dataq_lake.open()" in blocks[0]
    code = "\n".join(each for each in blocks if "dagster" not in each)
    code += "\nimport sys; assert 'dagster' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "DATAQ_HOME": str(archived)},
    )
    assert done.returncode == 0, done.stderr
