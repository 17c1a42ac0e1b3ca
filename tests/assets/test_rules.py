"""The rules of the gate, each against what it is to hold back and what it is to let pass."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace

import pytest

from dataq_assets.stages.rule import Candidate, GateSettings, all_rules, first_broken

NOW = 1_700_000_000_000_000
DAY = 86_400_000_000


def candidate(
    data: bytes = b"hello", detected: str = "text/plain", declared: str = ""
) -> Candidate:
    return Candidate(
        item_id="0" * 32,
        source="notes",
        source_id="a.txt",
        timestamp_us=NOW,
        observed_us=NOW,
        declared_type=declared or detected,
        detected_type=detected,
        is_text=detected.startswith("text/"),
        encoding="utf-8",
        size=len(data),
        data=data,
    )


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def locked(data: bytes) -> bytes:
    """The same zip with the encryption bit set in every entry of its directory."""
    out = bytearray(data)
    position = out.find(b"PK\x01\x02")
    while position >= 0:
        flags = struct.unpack_from("<H", out, position + 8)[0]
        struct.pack_into("<H", out, position + 8, flags | 1)
        position = out.find(b"PK\x01\x02", position + 4)
    return bytes(out)


ZIP = zipped(("a.txt", b"hello"), ("b.txt", b"world"))
GOOD = candidate()
GOOD_ZIP = candidate(ZIP, "application/zip")
SCHEMA = {"required": ["owner"], "properties": {"owner": {"pattern": "^[a-z]+$"}}}


def test_each_file_is_a_rule() -> None:
    assert [rule.name for rule in all_rules()][:2] == ["problem", "empty"]
    assert all(rule.severity in {"info", "warning", "error"} for rule in all_rules())


@pytest.mark.parametrize(
    "good", [GOOD, GOOD_ZIP, candidate(b"\x7fELF", "application/x-executable")]
)
def test_good_items_pass(good: Candidate) -> None:
    assert first_broken(good, GateSettings()) is None


@pytest.mark.parametrize(
    ("rule", "bad", "says"),
    [
        ("problem", replace(GOOD, problem="permission denied"), "permission denied"),
        ("empty", candidate(b""), "0 bytes"),
        ("oversize", replace(GOOD, size=17 << 30), "max_item_bytes"),
        ("metadata_schema", replace(GOOD, metadata={"": "x"}), "1 to 200"),
        ("metadata_schema", replace(GOOD, metadata={"k": "x" * (2 << 20)}), "1048576"),
        ("implausible_time", replace(GOOD, timestamp_us=NOW + 9 * DAY), "9 days after"),
        ("implausible_time", replace(GOOD, timestamp_us=2**62), "no date"),
        ("duplicate_id", replace(GOOD, is_twin=True), "a.txt"),
        ("type_mismatch", candidate(b"MZ", "application/x-dosexec", "image/png"), "program"),
        ("type_mismatch", candidate(b"<html>", "text/html", "image/jpeg"), "it is text"),
        ("undecodable", candidate(b"\0\1", "application/octet-stream", "text/plain"), "encoding"),
        ("truncated_container", candidate(ZIP[:-30], "application/zip"), "cut off"),
        ("truncated_container", candidate(b"\x1f\x8b\x08", "application/gzip"), "18"),
        ("encrypted_container", candidate(locked(ZIP), "application/zip"), "2 members"),
        (
            "decompression_bomb",
            candidate(zipped(("z", bytes(5 << 20))), "application/zip"),
            "times its size",
        ),
    ],
)
def test_bad_items_are_held_back(rule: str, bad: Candidate, says: str) -> None:
    rejection = first_broken(bad, GateSettings())
    assert rejection is not None
    assert rejection.rule == rule
    assert says in rejection.reason


def test_a_source_may_give_a_schema() -> None:
    settings = GateSettings(metadata_schema=SCHEMA)
    passed = replace(GOOD, metadata={"owner": "anna"})
    assert first_broken(passed, settings) is None
    missing = first_broken(GOOD, settings)
    wrong = first_broken(replace(GOOD, metadata={"owner": "A1"}), settings)
    assert missing is not None and "'owner' is a required property" in missing.reason
    assert wrong is not None and wrong.reason.startswith("metadata owner:")


def test_a_source_may_switch_a_rule_off() -> None:
    assert first_broken(candidate(b""), GateSettings(disabled=frozenset({"empty"}))) is None


def test_a_little_ahead_is_a_clock() -> None:
    assert first_broken(replace(GOOD, timestamp_us=NOW + DAY), GateSettings()) is None
