"""Prints what was measured, as a table, as JSON, and into docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from benchmarks.measure import Measure
from benchmarks.setting import CHECKOUT, Setting

PAGE = CHECKOUT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: python -m benchmarks --write -->", "<!-- end of figures -->"
VERDICTS = {True: "pass", False: "MISS", None: ""}


def table(measures: Sequence[Measure]) -> str:
    """A Markdown table, aligned so that a terminal shows it well, too."""
    head = ("bench", "figure", "bar", "", "runs", "ours", "reference")
    rows = [
        (m.name, m.shown(), m.shown_bar(), VERDICTS[m.passed], m.spread(), m.ours, m.reference)
        for m in measures
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [_row(head, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    return "\n".join([*lines, *(_row(row, widths) for row in rows)])


def as_json(measures: Sequence[Measure], machine: Mapping[str, str], setting: Setting) -> str:
    """Everything, for a program."""
    figures = [{**asdict(m), "passed": m.passed} for m in measures]
    return json.dumps(
        {"machine": dict(machine), "scale": setting.scale, "measures": figures}, indent=2
    )


def write_page(measures: Sequence[Measure], machine: Mapping[str, str], setting: Setting) -> None:
    """Put the figures between the marks of docs/benchmarks.md; what stands around them stays."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    facts = "\n".join(f"- {name}: {value}" for name, value in machine.items())
    scale = "" if setting.scale == 1 else f"\nScale {setting.scale:g}: the bars are for scale 1.\n"
    notes = "\n".join(f"- **{m.name}**: {m.note}" for m in measures if m.note)
    body = f"{BEGIN}\n{scale}\n{table(measures)}\n\n{notes}\n\n{facts}\n\n{END}"
    PAGE.write_text(before + body + after)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "| " + " | ".join(padded) + " |"
