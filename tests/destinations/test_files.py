"""Destinations that write files: JSON lines and Parquet, in folders and in buckets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dataq_lake.lake import Lake
from dataq_lake.objects.path import ObjectPath
from dataq_plugins.errors import ConfigError, SourceUnreachable
from dataq_plugins.host import PluginProcess
from dataq_resources.destinations import Destination, DestinationConfig, destination_spec
from tests.destinations.conftest import add_items, states
from tests.s3.seaweed import Seaweed

Deliver = Callable[[Destination], dict[str, int]]


def files(plugin: str, url: object, **config: Any) -> Destination:
    given = {"plugin": plugin, "table": "items", "batch_rows": 10}
    whole = {**given, "config": {"url": str(url), **config}}
    return Destination("out", DestinationConfig.model_validate(whole))


def test_json_lines(lake: Lake, deliver: Deliver, tmp_path: Path) -> None:
    ids = add_items(lake, 0, 25)
    assert deliver(files("jsonl_files", tmp_path / "out"))["rows"] == 25
    written = sorted((tmp_path / "out" / "items").iterdir())
    assert [path.suffix for path in written] == [".jsonl"] * 3
    rows = [json.loads(line) for path in written for line in path.read_text().splitlines()]
    assert sorted(row["item_id"] for row in rows) == ids
    assert states(lake, "out") == {"delivered": 25}


def test_parquet_keeps_types(lake: Lake, deliver: Deliver, tmp_path: Path) -> None:
    ids = add_items(lake, 0, 25)
    deliver(files("parquet_files", tmp_path / "out"))
    frame = pl.read_parquet(tmp_path / "out" / "items" / "*.parquet")
    assert sorted(frame["item_id"]) == ids
    assert frame.schema["timestamp"] == pl.Datetime("us", "UTC")
    assert frame.schema["text_length"] == pl.Int64


@pytest.mark.parametrize("plugin", ["jsonl_files", "parquet_files"])
def test_the_same_delivery_is_the_same_file(
    lake: Lake, deliver: Deliver, tmp_path: Path, plugin: str
) -> None:
    from dataq_plugins.host import Delivery

    add_items(lake, 0, 5)
    destination = files(plugin, tmp_path / "out")
    deliver(destination)
    (written,) = (tmp_path / "out" / "items").iterdir()
    before = written.read_bytes()
    table = lake.table("items").scan(["item_id"]).collect().to_arrow()
    from dataq_assets.delivery.packing import Packer

    form = "arrow" if plugin == "parquet_files" else "json"
    again: Delivery = Packer(destination, form).whole(written.stem, table)
    with PluginProcess(destination_spec(destination)) as process:
        first = [each.place for each in process.deliver([again])]
        content = written.read_bytes()
        assert [each.place for each in process.deliver([again])] == first == [str(written)]
    assert written.read_bytes() == content != before
    assert len(list((tmp_path / "out" / "items").iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_away(
    lake: Lake, deliver: Deliver, tmp_path: Path
) -> None:
    add_items(lake, 0, 5)
    (tmp_path / "out").write_text("a file stands here")
    with pytest.raises(SourceUnreachable, match="cannot be written"):
        deliver(files("jsonl_files", tmp_path / "out"))
    assert states(lake, "out") == {"planned": 5}
    with (
        PluginProcess(destination_spec(files("jsonl_files", tmp_path / "out"))) as process,
        pytest.raises(ConfigError, match="is no folder"),
    ):
        process.check()


@pytest.mark.parametrize("url", ["out", "http://host/x"])
def test_where_nothing_can_be_written_is_said(url: str) -> None:
    with (
        PluginProcess(destination_spec(files("jsonl_files", url))) as process,
        pytest.raises(ConfigError) as error,
    ):
        process.configure()
    assert error.value.setting == "url"


@pytest.mark.heavy
def test_a_bucket(
    lake: Lake, deliver: Deliver, bucket: ObjectPath, s3: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add_items(lake, 0, 25)
    monkeypatch.setenv("OUT_SECRET", s3.secret)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not what the destination is to use")
    settings = {
        "access_key_id": s3.key,
        "secret_access_key": "env:OUT_SECRET",
        "region": "us-east-1",
        "endpoint": s3.endpoint,
        "allow_http": True,
    }
    destination = files("jsonl_files", bucket, **settings)
    with PluginProcess(destination_spec(destination)) as process:
        process.check()
    assert deliver(destination)["rows"] == 25
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.secret)
    written = list((bucket / "items").iterdir())
    rows = [json.loads(each) for path in written for each in path.read_bytes().splitlines()]
    assert sorted(row["item_id"] for row in rows) == ids

    wrong = files("jsonl_files", bucket, **{**settings, "secret_access_key": "wrong"})
    add_items(lake, 50, 1)
    with pytest.raises(SourceUnreachable, match="s3://"):
        deliver(wrong)


def test_a_plugin_that_takes_rows_in_another_way_now_stops(
    lake: Lake, deliver: Deliver, tmp_path: Path
) -> None:
    add_items(lake, 0, 5)
    given = files("parquet_files", tmp_path / "out").config.model_copy(update={"rows": "json"})
    with pytest.raises(ConfigError, match=r"destination out.*takes rows as arrow now"):
        deliver(Destination("out", given))
    assert states(lake, "out") == {"planned": 5}
