"""Curves of what was measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from dataq_gateway.plots import picture, sparkline

START = datetime(2026, 5, 19, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def rows(*values: float | None, bar: float = 1.0) -> list[dict[str, Any]]:
    return [
        {"measured_at": START + timedelta(days=day), "value": value, "unit": "share", "bar": bar}
        | {"passed": value is not None and value >= bar}
        for day, value in enumerate(values)
    ]


def test_a_line_of_blocks_goes_from_the_least_to_the_most() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([3, None, 3]) == "▄·▄"
    assert sparkline([None]) == "·"
    assert sparkline([]) == ""


def test_a_picture_is_well_formed_and_has_a_dot_a_measurement() -> None:
    levels = {"<recall> & more": rows(1.0, 0.5, None), "one": rows(3.0), "none": rows(None)}
    root = ET.fromstring(picture(levels))
    dots = [each.get("class") for each in root.iter(f"{SVG}circle")]
    assert dots == ["kept", "broken", "kept"]
    assert len(list(root.iter(f"{SVG}line"))) == 3
    places = [float(each.get("cy", "nan")) for each in root.iter(f"{SVG}circle")]
    assert all(0 <= place <= 120 for place in places)
    assert any("<recall> & more" in (each.text or "") for each in root.iter(f"{SVG}text"))
    assert "never measured" in picture({})
