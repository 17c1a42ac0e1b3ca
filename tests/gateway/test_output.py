"""What commands print: JSON any program can read, columns any person can."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_gateway import output

NOON = datetime(2026, 5, 19, 12, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOON, "2026-05-19T10:00:00Z"),
        (NOON.replace(tzinfo=None), "2026-05-19T12:00:00Z"),
        (date(2026, 5, 19), "2026-05-19"),
        (timedelta(seconds=90), 90.0),
        (b"\xff\x00", "/wA="),
        (float("nan"), None),
        (Decimal("1.5"), 1.5),
        (Decimal(12345678901234567890), 12345678901234567890),
        ({"a": (1, {NOON})}, {"a": [1, ["2026-05-19T10:00:00Z"]]}),
        (True, True),
    ],
)
def test_every_value_has_a_json_form(value: object, expected: object) -> None:
    assert output.plain(value) == expected


@given(st.recursive(st.none() | st.floats() | st.text() | st.binary() | st.datetimes(), st.lists))
def test_dumps_is_always_json(value: object) -> None:
    json.loads(output.dumps(value))


def test_local_time_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Etc/GMT-3")
    time.tzset()
    try:
        assert output.local(datetime(2026, 5, 19, 10, tzinfo=UTC)) == "2026-05-19 13:00:00+03:00"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_sizes() -> None:
    assert [output.size(n) for n in (0, 999, 1000, 1_500_000, 2e12, None)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.5 MB",
        "2.0 TB",
        "-",
    ]


def test_columns_align_also_wide_characters() -> None:
    text = output.columns(["name", "n"], [["観測", 7], ["ab", 123]], right=["n"])
    assert text.splitlines() == ["name    n", "観測    7", "ab    123"]


def test_one_line_hides_what_would_harm_a_terminal() -> None:
    assert output.one_line("a\x1b[31m\nb\tc") == "a [31m b c"
    assert output.one_line("x" * 200, 10) == "xxxxxxxxx…"
