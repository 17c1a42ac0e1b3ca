"""An ancestry for people: one or two lines a step, from the hit down to the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from dataq_gateway.output import local, one_line, size

Step = Mapping[str, Any]
NAME_WIDTH = 11


def descent(found: Step) -> str:
    """The steps that `found` has, the hit first."""
    writers: dict[str, Callable[[Any], Iterator[str]]] = {
        "segment": segment_lines,
        "embeddings": vector_lines,
        "analyzer": analyzer_lines,
        "asset": asset_lines,
        "raw": raw_lines,
        "source": source_lines,
        "quarantine": rejected_lines,
        "runs": run_lines,
    }
    lines = []
    for name, write in writers.items():
        if found.get(name):
            for index, line in enumerate(write(found[name])):
                label = click.style(f"{name if index == 0 else '':<{NAME_WIDTH}}", bold=True)
                lines.append(f"{label}{line}".rstrip())
    return "\n".join(lines)


def segment_lines(step: Step) -> Iterator[str]:
    """Its kind, its place in the text and in the original, its words."""
    start, end = step["start_marker"], step["end_marker"]
    place = ", ".join(f"{name} {value}" for name, value in start.items() if name != "char")
    yield f"{step['id']}  {step['segment_type']} {step['sequence_number']}"
    characters = f"characters {start['char']} to {end['char']} of the text"
    yield f"{characters}; in the original: {place}" if place else characters
    yield one_line(step["text"], 90)


def vector_lines(steps: list[Step]) -> Iterator[str]:
    """The models that embedded it."""
    for each in steps:
        yield f"{each['embedding_type']} by {each['model_name']} {each['model_version']}"


def analyzer_lines(step: Step) -> Iterator[str]:
    """Who extracted the text, when, with which tools."""
    tools = ", ".join(f"{name} {version}" for name, version in step["tools"].items())
    with_tools = f" ({tools})" if tools else ""
    yield f"{step['name']} {step['version']}{with_tools}, {when(step, 'analyzed_at')}"


def asset_lines(step: Step) -> Iterator[str]:
    """The version of the file, message or member, and what it was taken out of."""
    latest = "the latest" if step["is_latest"] else "not the latest"
    version = f"version {step['version']} of {len(step['versions'])}, {latest}"
    yield f"{one_line(step['path'])}  {version}"
    yield f"{step['id']}  {step['mime_type']}, {size(step['file_size'])}"
    yield f"sha256 {step['file_hash']}"
    for each in step["containers"]:
        yield f"inside {one_line(each['path'])}  {each['id']}"


def raw_lines(step: Step) -> Iterator[str]:
    """What was observed, and when."""
    yield f"{step['item_id']}  observed {when(step, 'observed_at')}"
    yield f"its own time {when(step, 'timestamp')}"
    yield f"raw_{step['source']} row {step['sequence']}, window {step['window']}, {step['op']}"
    if step["problem"]:
        yield f"problem: {one_line(step['problem'])}"


def source_lines(step: Step) -> Iterator[str]:
    """The source and its plugin."""
    yield f"{step['name']}, plugin {step['plugin_id']} {step['plugin_version']}"


def rejected_lines(steps: list[Step]) -> Iterator[str]:
    """What was said against it."""
    for each in steps:
        yield f"{each['state']}: {each['stage']}/{each['rule']}, {one_line(each['reason'])}"


def run_lines(steps: list[Step]) -> Iterator[str]:
    """Each run with the table versions that it wrote."""
    for each in steps:
        wrote = ", ".join(f"{commit['table']} v{commit['version']}" for commit in each["commits"])
        yield f"{each['run_id']}  {wrote}"


def when(step: Step, name: str) -> str:
    """A time of the step in this machine's zone."""
    return local(datetime.fromisoformat(step[name])) if step.get(name) else "-"
