"""Prints what was measured, as a table, as JSON, and into docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from benchmarks.measure import Measure
from benchmarks.setting import CHECKOUT, Setting

PAGE = CHECKOUT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: python -m benchmarks --write -->", "<!-- end of figures -->"
FIGURES = CHECKOUT / "benchmarks" / "figures.json"
TAKEN = ("commit", "day", "load")
_KEYS = ("figure", "bar", "verdict", "runs", "ours", "reference")
_HEAD = ("bench", "figure", "bar", "", "runs", "ours", "reference")
VERDICTS = {True: "pass", False: "MISS", None: ""}


def table(measures: Sequence[Measure]) -> str:
    """A Markdown table, aligned so that a terminal shows it well, too."""
    return _aligned(_HEAD, [_cells(m) for m in measures])


def as_json(measures: Sequence[Measure], machine: Mapping[str, str], setting: Setting) -> str:
    """Everything, for a program."""
    figures = [{**asdict(m), "passed": m.passed} for m in measures]
    return json.dumps(
        {"machine": dict(machine), "scale": setting.scale, "measures": figures}, indent=2
    )


def write_page(measures: Sequence[Measure], machine: Mapping[str, str], setting: Setting) -> None:
    """Put the figures into FIGURES, and all of these between the marks of docs/benchmarks.md.

    Those of benches that were not run now stay, with the commit that they were taken of.
    """
    figures: dict[str, dict[str, str]] = json.loads(FIGURES.read_text())
    taken = {name: machine[name] for name in TAKEN} | {"scale": f"{setting.scale:g}"}
    figures |= {m.name: {**_figure(m), **taken} for m in measures}
    FIGURES.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    rows = [(name, *(each[key] for key in (*_KEYS, "commit"))) for name, each in figures.items()]
    notes = "\n".join(_note(name, each) for name, each in figures.items())
    facts = "\n".join(f"- {name}: {text}" for name, text in machine.items() if name not in TAKEN)
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    body = f"{BEGIN}\n\n{_aligned((*_HEAD, 'taken of'), rows)}\n\n{notes}\n\n{facts}\n\n{END}"
    PAGE.write_text(before + body + after)


def _figure(measure: Measure) -> dict[str, str]:
    return {**dict(zip(_KEYS, _cells(measure)[1:], strict=True)), "note": measure.note}


def _note(name: str, figure: Mapping[str, str]) -> str:
    scale = "" if figure["scale"] == "1" else f" Scale {figure['scale']}: the bar is for scale 1."
    note = f" {figure['note']}" if figure["note"] else ""
    return f"- **{name}**:{note}{scale} {figure['day']}, load {figure['load']}."


def _cells(m: Measure) -> tuple[str, ...]:
    verdict = VERDICTS[m.passed]
    return m.name, m.shown(), m.shown_bar(), verdict, m.spread(), m.ours, m.reference


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [_row(head, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    return "\n".join([*lines, *(_row(row, widths) for row in rows)])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "| " + " | ".join(padded) + " |"
