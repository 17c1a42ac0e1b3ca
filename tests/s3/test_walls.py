"""A stranger's SQL on a lake in an object store: the tables, no key, and nothing else of it."""

from __future__ import annotations

import os

import duckdb
import pytest

from dataq_lake import sql
from dataq_lake.attaching import attachment
from dataq_lake.errors import ContentLost, FixTheCall, StoreRefuses
from dataq_lake.extensions import load
from dataq_lake.lake import Lake, open_lake
from dataq_lake.objects.path import ObjectPath
from dataq_lake.objects.store import expect_conditional_puts
from dataq_resources.home import Home
from tests.lake.conftest import Rows, rows  # noqa: F401
from tests.s3.seaweed import Seaweed


@pytest.fixture
def lake(bucket: ObjectPath, rows: Rows) -> Lake:  # noqa: F811
    found = open_lake(bucket)
    found.table("items").append([rows("items", ["a", "b"])])
    (bucket / "other.txt").write_bytes(b"not a table")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_text('{root}/other.txt')",
        "select * from read_parquet('{root}/tables/items/*.parquet')",
        "select * from glob('{root}/**')",
        "select * from read_text('s3://lakes/_probe')",
        "select * from duckdb_secrets()",
        "select getenv('AWS_SECRET_ACCESS_KEY')",
        "select * from read_text('/proc/self/environ')",
        "copy items to '{root}/stolen.parquet'",
        "create secret (type s3, key_id 'x', secret 'y')",
        "load httpfs",
    ],
)
def test_nothing_but_the_tables_is_read(lake: Lake, text: str) -> None:
    with pytest.raises(FixTheCall):
        sql.query(lake, text.format(root=lake.root)).fetchall()
    assert sql.query(lake, "select count(*) from items").fetchall() == [(2,)]


def test_a_lost_file_is_told(lake: Lake) -> None:
    (file,) = lake.table("items").files()
    file.unlink()
    with pytest.raises(ContentLost, match=rf"{file.name} of table items cannot be read"):
        sql.query(lake, "select item_id from items").fetchall()


def test_no_setting_of_the_connection_holds_a_key(lake: Lake, s3: Seaweed) -> None:
    told = sql.query(lake, "select * from duckdb_settings()").fetchall()
    assert s3.secret not in str(told)
    assert s3.key not in str(told)


def test_an_object_is_not_written_through_a_connection_for_assets(lake: Lake) -> None:
    (file,) = lake.table("items").files()
    before = file.read_bytes()
    with pytest.raises(duckdb.Error):
        sql.connect(lake).execute(f"copy (select 1) to '{file}' (format parquet)")
    assert file.read_bytes() == before


def test_how_to_attach_tells_no_key(lake: Lake, s3: Seaweed) -> None:
    text = attachment(lake)
    assert str(lake.table("items").files()[0]) in text
    assert "CREATE SECRET" in text
    assert s3.endpoint.removeprefix("http://") in text
    assert s3.secret not in text
    assert s3.key not in text


def test_any_client_opens_the_same_views_once_it_says_who_it_is(lake: Lake, s3: Seaweed) -> None:
    """A DuckDB that knows nothing of DataQ, and the printed text, with the keys filled in."""
    text = attachment(lake)
    client = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    load(client, "httpfs")  # its own would come from DuckDB's server
    secret = text[text.index("CREATE SECRET") : text.index(")", text.index("CREATE SECRET")) + 1]
    filled = secret.replace("\n--", "").replace("REGION '...'", "REGION 'us-east-1'")
    filled = filled.replace("KEY_ID '...'", f"KEY_ID '{s3.key}'")
    client.execute(filled.replace("SECRET '...'", f"SECRET '{s3.secret}'"))
    client.execute(text)
    assert client.sql("select item_id from items order by 1").fetchall() == [("a",), ("b",)]
    assert client.sql("from entities").fetchall() == []


def test_a_store_that_ignores_conditions_holds_no_lake(
    bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    expect_conditional_puts(bucket)
    assert not bucket.is_dir()
    monkeypatch.setenv("DATAQ_LAKE", str(bucket))
    monkeypatch.setattr(ObjectPath, "create", ObjectPath.write_bytes)
    with pytest.raises(StoreRefuses, match="ignores conditional puts"):
        Home(tmp_path / "home").prepare()  # type: ignore[operator]
