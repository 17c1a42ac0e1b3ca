"""The suite for destinations: ours pass all of it, and bad ones are told what they do wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataq_plugins.conformance import Parcel, assert_conforms, check_plugin
from dataq_plugins.registry import find_destination
from tests.destinations.receiver import Receiver, receiving
from tests.plugins.conftest import DOUBLES

REFUSED = ({"id": "bad", "title": "no", "size": 0},)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        started.refuses = lambda rows: 422 if rows[0].get("id") == "bad" else None
        yield started


def test_http_api(receiver: Receiver) -> None:
    config = {
        "url": receiver.url,
        "allow_private": "true",
        "auth": "bearer",
        "token": "open sesame",
        "backoff_seconds": "0.01",
        "attempts": "2",
    }
    away = {"url": "http://127.0.0.1:9/rows"}
    parcel = Parcel(refused=REFUSED, away=away, taken=lambda: len(receiver.taken))
    report = check_plugin(find_destination("http_api").argv, config, parcel=parcel)
    assert report.ok, report.text()
    assert {each.outcome for each in report.results} == {"passed"}  # nothing was skipped


@pytest.mark.parametrize(
    "plugin", ["jsonl_files", pytest.param("parquet_files", marks=pytest.mark.heavy)]
)
def test_files(tmp_path: Path, plugin: str) -> None:
    import polars as pl

    (tmp_path / "a file").write_text("")

    def taken() -> int:
        found = [*tmp_path.rglob("*.jsonl"), *tmp_path.rglob("*.parquet")]
        read = pl.read_ndjson if plugin == "jsonl_files" else pl.read_parquet
        return sum(len(read(path)) for path in found)

    parcel = Parcel(away={"url": str(tmp_path / "a file")}, taken=taken)
    assert_conforms(find_destination(plugin).argv, {"url": str(tmp_path / "out")}, parcel=parcel)


TAKER = (sys.executable, str(DOUBLES / "taker.py"))


def test_one_line_is_a_whole_test() -> None:
    assert_conforms(TAKER)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("way", "name", "detail"),
    [
        ("no receipt", "deliver", "ended without saying what became of the rows"),
        ("crash", "deliver", "exit code 3"),
        ("twice", "taken_once", "3 rows are 9"),
        ("blind", "refused", "it told delivered of what the receiver refuses"),
        ("blind", "receiver_away", "it told neither UNREACHABLE nor"),
        ("stops", "deliver_again", "the second time: refused: it is there already"),
    ],
)
def test_a_bad_one_is_told_what_it_does_wrong(
    tmp_path: Path, way: str, name: str, detail: str
) -> None:
    path = tmp_path / "taken"
    path.touch()
    parcel = Parcel(
        refused=REFUSED,
        away={"receiver": ""},
        taken=lambda: len(path.read_text().splitlines()),
    )
    report = check_plugin(TAKER, {"way": way, "receiver": str(path)}, seconds=5, parcel=parcel)
    failed = {each.name: each.detail for each in report.failures}
    assert detail in failed[name], report.text()
