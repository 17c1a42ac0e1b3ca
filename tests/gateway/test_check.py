"""`dataq check` for a person and for a CI server: exit codes, failing rows, JUnit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pyarrow as pa
import pytest

from dataq_assets.runs.outcome import Checked, Failure, Outcome
from dataq_assets.stages.deep_check import Finding
from dataq_gateway.junit import report
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake, open_lake
from tests.gateway.rows import Command, add_rows, quarantined

# Dagster's own code still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


@pytest.fixture
def archived(home: Path, tmp_path: Path, dataq: Command) -> Lake:
    """Two files, archived and published."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "heron.txt").write_text("A heron stands in the river.\n")
    (folder / "spider.txt").write_text("A spider sits in the well.\n")
    add = ["sources", "add", "docs", "--plugin", "file_scanner", "--config", f"root={folder}"]
    assert dataq(*add).returncode == 0
    assert dataq("run").returncode == 0
    return open_lake(home / "lake")


def change(lake: Lake, table: str, row: dict[str, Any], **values: Any) -> None:
    handle = lake.table(table)
    new = pa.RecordBatch.from_pylist([{**row, **values}], schema=handle.table.schema)
    handle.apply(Difference([new], [row[handle.table.key[0]]]))


def checked(text: str) -> dict[str, Any]:
    return {each["check"]: each for each in json.loads(text)["checks"]}


def test_a_failing_check_has_an_exit_code_and_names_its_rows(
    dataq: Command, archived: Lake, tmp_path: Path
) -> None:
    lake = archived
    good = dataq("check", "--json", "--junit", tmp_path / "good.xml")
    assert (good.returncode, json.loads(good.stdout)["ok"]) == (0, True)
    suites = ET.parse(tmp_path / "good.xml").getroot()
    assert (suites.get("failures"), suites.get("errors")) == ("0", "0")
    assert int(suites.get("tests", "")) == len(checked(good.stdout)) > 15

    add_rows(lake, "quarantine", *(quarantined(f"q{n}", source="docs") for n in range(30)))
    segment, *_ = lake.table("segments").scan().collect().to_dicts()
    change(lake, "segments", segment, end_marker=segment["start_marker"])
    bad = dataq("check", "--json", "--junit", tmp_path / "bad.xml")
    assert bad.returncode == 1
    found = checked(bad.stdout)
    failed = {name for name, each in found.items() if not each["passed"]}
    # An empty place has no text either, so the offsets do not lead back; 30 rejected came from
    # nowhere, and are most of what there is.
    assert failed == {
        "accounting", "offsets_lead_back", "quarantine_rate", "segments_have_places"
    }  # fmt: skip
    places = found["segments_have_places"]
    assert places["failing_rows"][0]["segment_id"] == segment["id"]
    assert (places["severity"], places["blocking"], places["failing"]) == ("error", True, 1)
    assert places["promise"].startswith("Every segment lies in a text that exists")
    assert (found["accounting"]["failing"], len(found["accounting"]["failing_rows"])) == (30, 10)

    suites = ET.parse(tmp_path / "bad.xml").getroot()
    assert (suites.get("tests"), suites.get("failures")) == (str(len(found)), "3")
    (case,) = suites.findall(".//testcase[@name='segments_have_places']")
    failure = case.find("failure")
    assert failure is not None
    assert segment["id"] in (failure.text or "")
    assert failure.get("message") == places["reason"]
    (warned,) = suites.findall(".//testcase[@name='quarantine_rate']")
    assert (warned.find("failure"), warned.findtext("system-out", "")[:8]) == (None, "warning:")


def test_warnings_fail_only_if_asked_to(dataq: Command, lake: Lake) -> None:
    rows = [
        {"content_hash": str(n), "analyzer": "pdf", "analyzer_version": "1", "outcome": "crashed"}
        for n in range(20)
    ]
    add_rows(lake, "analyses", *rows)
    told = dataq("check")
    assert told.returncode == 0
    assert "warning: quarantine/rejected_texts: mostly_readable: mostly fails: pdf" in told.stdout
    strict = dataq("check", "--strict", "--junit", "-")
    assert strict.returncode == 1
    root = ET.fromstring(strict.stdout)
    (failed,) = [each for each in root.iter("testcase") if each.find("failure") is not None]
    assert failed.get("name") == "mostly_readable"
    assert dataq("check", "--json", "--junit", "-").returncode == 2


def test_a_broken_batch_is_withheld_until_it_is_mended(
    dataq: Command, archived: Lake, home: Path, tmp_path: Path
) -> None:
    lake = archived

    def found(words: str) -> set[str]:
        hits = json.loads(dataq("search", words, "--mode", "text", "--json").stdout)
        return {hit["path"] for hit in hits}

    segment = lake.table("segments").scan().collect().filter(pl.col("text").str.contains("heron"))
    change(lake, "segments", segment.to_dicts()[0], end_marker=segment["start_marker"][0])
    shutil.rmtree(home / "lake" / "indexes")
    lake.table("snapshots").clear()
    (tmp_path / "files" / "owl.txt").write_text("An owl watches the lantern.\n")

    told = dataq("run")
    assert told.returncode == 1
    assert "1 segments are withheld from the index by segments: segments_have_places" in told.stdout
    assert "segments: segments_have_places: 1 segments without extent" in told.stderr
    assert "index_is_current" not in told.stderr
    assert found("heron spider owl") == {"spider.txt", "owl.txt"}

    change(lake, "segments", segment.to_dicts()[0])
    assert dataq("run").returncode == 0
    assert found("heron spider owl") == {"heron.txt", "spider.txt", "owl.txt"}


def case_of(**values: Any) -> Checked:
    made = {
        "asset": "items", "check": "accounting", "promise": "All adds up.", "severity": "error",
        "blocking": False, "passed": False, "reason": "1 lost", "failing": 12,
        "failing_rows": [{"item_id": "a\x00b<&>"}], "seconds": 0.25, "run_id": "r",
    }  # fmt: skip
    return Checked(**{**made, **values})


def test_junit_counts_failures_errors_and_findings() -> None:
    checks = [case_of(), case_of(check="b", passed=True), case_of(asset="texts", check="c")]
    outcome = Outcome(
        checks=checks,
        failures=[Failure("items: accounting", "1 lost"), Failure("table_checks", "no disk\x1b")],
    )
    finding = Finding("blobs_whole", "blobs/ab", "has other bytes")
    root = ET.fromstring(report(outcome, [finding]))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "time")} == {
        "tests": "5", "failures": "3", "errors": "1", "time": "0.7500"
    }  # fmt: skip
    assert [(each.get("name"), each.get("tests"), each.get("failures")) for each in root] == [
        ("items", "2", "1"), ("texts", "1", "1"), ("run", "1", "0"), ("deep", "1", "1")
    ]  # fmt: skip
    text = root.findtext(".//failure", "")
    assert "a\\u0000b<&>" in text
    assert "and 11 more rows" in text
    error = root.find(".//error")
    assert error is not None
    assert error.get("message") == "no disk\N{REPLACEMENT CHARACTER}"
