"""Ordinary small items as the protocol's ItemColumns: much cheaper than one message each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk.message import exact_time
from dataq_plugins.sdk.plugin import Item


def set_columns(columns: pb.ItemColumns, items: Sequence[Item], contents: Sequence[bytes]) -> bool:
    """Set items as columns; False, with some of them set, where they are not all of one shape.

    That is: upserts without a problem, with the same names of metadata, all or none with a time.
    Each step is over a whole column: a step of Python for each item would cost more than the rest.
    """
    if {item.op for item in items} != {"upsert"} or any(item.problem for item in items):
        return False
    metadata: list[Mapping[str, str]] = [item.metadata or {} for item in items]
    shapes = set(map(tuple, metadata))
    if len(shapes) > 1:
        return False
    if not _set_times(columns, items):
        return False
    columns.source_id.extend([item.source_id for item in items])
    columns.raw_data.extend(contents)
    types = [item.content_type for item in items]
    columns.content_type.extend(_folded(types))
    for name in shapes.pop():
        values = [each[name] for each in metadata]
        columns.metadata.add(name=name, value=_folded(values))
    return True


def _folded(values: list[str]) -> list[str]:
    """One value where all are the same."""
    return values[:1] if values.count(values[0]) == len(values) else values


def _set_times(columns: pb.ItemColumns, items: Sequence[Item]) -> bool:
    """Set the columns of times; False where some items have one and some have none."""
    moments = [item.timestamp for item in items]
    exact = [item.timestamp_ns for item in items]
    plain = exact.count(None) == len(exact)
    if plain and set(map(type, moments)) == {int}:
        columns.timestamp.extend(moments)  # type: ignore[arg-type]
        return True
    timed = [a is not None or b is not None for a, b in zip(moments, exact, strict=True)]
    if all(timed):
        times = [exact_time(item.source_id, item.timestamp, item.timestamp_ns) for item in items]
        columns.timestamp.extend([seconds for seconds, _ in times])
        columns.timestamp_nanos.extend([nanos for _, nanos in times])
    return all(timed) or not any(timed)
