"""Curves of what was measured over time: in a line of a terminal, and as a picture in SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"
WIDTH, HEIGHT, LEFT, TOP = 720, 120, 64, 28
_STYLE = (
    "text{font:12px sans-serif;fill:#333}.title{font-weight:bold}.curve{fill:none;stroke:#2563eb;"
    "stroke-width:1.5}.bar{stroke:#dc2626;stroke-dasharray:4 3}.kept{fill:#2563eb}"
    ".broken{fill:#dc2626}.frame{fill:none;stroke:#ccc}"
)

Row = Mapping[str, Any]


def sparkline(values: Sequence[float | None]) -> str:
    """A character a value, between the least and the most; a dot where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return GAP * len(values)
    low, room = min(known), max(known) - min(known)
    top = len(BLOCKS) - 1
    return "".join(
        GAP if value is None else BLOCKS[round((value - low) / room * top) if room else top // 2]
        for value in values
    )


def picture(found: Mapping[str, Sequence[Row]]) -> str:
    """An SVG with a curve a level, its bar dashed, a red dot where that was not kept."""
    step = HEIGHT + TOP + 28
    height = max(1, len(found)) * step + 12
    size = {"width": str(WIDTH + LEFT + 20), "height": str(height)}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size})
    ET.SubElement(svg, "style").text = _STYLE
    ET.SubElement(svg, "rect", {**size, "fill": "#fff"})
    if not found:
        _text(svg, LEFT, TOP, "never measured")
    for number, (level, rows) in enumerate(found.items()):
        place = ET.SubElement(svg, "g", {"transform": f"translate({LEFT} {number * step + TOP})"})
        _curve(place, level, rows)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _curve(place: ET.Element, level: str, rows: Sequence[Row]) -> None:
    bar = rows[-1]["bar"]
    known = [row for row in rows if row["value"] is not None]
    low, high = _range([*(row["value"] for row in known), bar])
    first, last = rows[0]["measured_at"], rows[-1]["measured_at"]

    def y(value: float) -> float:
        return round(HEIGHT * (high - value) / (high - low), 1)

    def x(time: datetime) -> float:
        whole = (last - first).total_seconds()
        return round(WIDTH * ((time - first).total_seconds() / whole if whole else 0.5), 1)

    frame = {"class": "frame", "width": str(WIDTH), "height": str(HEIGHT)}
    ET.SubElement(place, "rect", frame)
    _text(place, 0, -8, f"{level} ({rows[-1]['unit']}, bar {bar:g})", "title")
    _text(place, -LEFT + 4, 10, f"{high:.4g}")
    _text(place, -LEFT + 4, HEIGHT, f"{low:.4g}")
    _text(place, 0, HEIGHT + 16, f"{first:%Y-%m-%d %H:%M}")
    _text(place, WIDTH - 100, HEIGHT + 16, f"{last:%Y-%m-%d %H:%M}")
    level_of_bar = str(y(bar))
    ends = {"x1": "0", "x2": str(WIDTH), "y1": level_of_bar, "y2": level_of_bar}
    ET.SubElement(place, "line", {"class": "bar", **ends})
    points = [(x(row["measured_at"]), y(row["value"])) for row in known]
    joined = " ".join(f"{across},{down}" for across, down in points)
    ET.SubElement(place, "polyline", {"class": "curve", "points": joined})
    for row, (across, down) in zip(known, points, strict=True):
        kind = "kept" if row["passed"] else "broken"
        dot = ET.SubElement(
            place, "circle", {"class": kind, "cx": str(across), "cy": str(down), "r": "3"}
        )
        ET.SubElement(dot, "title").text = f"{row['measured_at']:%Y-%m-%d %H:%M}: {row['value']:g}"


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    return low - room if low < 0 else max(0.0, low - room), high + room


def _text(place: ET.Element, x: int, y: int, text: str, kind: str = "") -> None:
    given = {"x": str(x), "y": str(y), **({"class": kind} if kind else {})}
    ET.SubElement(place, "text", given).text = text
