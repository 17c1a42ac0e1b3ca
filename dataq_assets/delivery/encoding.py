"""Rows as they travel: a JSON object a line, the same bytes for the same row."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pyarrow as pa


def json_lines(rows: pa.Table) -> list[bytes]:
    """Each row as JSON, without a line break; times are ISO 8601 in UTC, bytes are base64.

    Maps become objects. Numbers that JSON does not know (NaN) become null.
    """
    if not rows.num_rows:
        return []
    slow = [field.name for field in rows.schema if not _is_fast(field.type)]
    lines = _fast(rows.drop_columns(slow)) if len(slow) < rows.num_columns else [b"{}"]
    if len(lines) < rows.num_rows:
        lines = [b"{}"] * rows.num_rows
    if not slow:
        return lines
    rest = rows.select(slow).to_pylist(maps_as_pydicts="lossy")
    return [_joined(line, _dumped(row)) for line, row in zip(lines, rest, strict=True)]


def ipc_stream(rows: pa.Table) -> bytes:
    """The rows as a stream of Arrow IPC."""
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, rows.schema) as stream:
        stream.write_table(rows)
    return bytes(out.getvalue())


def _is_fast(kind: pa.DataType) -> bool:
    """What Polars writes as we mean it; of nested types only lists and structs of such."""
    types = pa.types
    if types.is_list(kind) or types.is_large_list(kind):
        return _is_fast(kind.value_type) and not _is_converted(kind.value_type)
    if types.is_struct(kind):
        return all(_is_fast(each.type) and not _is_converted(each.type) for each in kind)
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or _is_converted(kind)
    )


def _is_converted(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_timestamp(kind) or types.is_binary(kind) or types.is_large_binary(kind))


def _fast(rows: pa.Table) -> list[bytes]:
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table is one
    out = io.BytesIO()
    frame.with_columns(*map(_converted, frame.schema.items())).write_ndjson(out)
    return out.getvalue().split(b"\n")[:-1]


def _converted(column: tuple[str, pl.DataType]) -> pl.Expr:
    name, kind = column
    if isinstance(kind, pl.Datetime):
        return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    if kind == pl.Binary:
        return pl.col(name).bin.encode("base64")
    return pl.col(name)


def _joined(line: bytes, more: bytes) -> bytes:
    """Two JSON objects as one."""
    return line[:-1] + (b"," if len(line) > 2 else b"") + more[1:]


def _dumped(row: dict[str, Any]) -> bytes:
    return json.dumps(row, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    """What JSON has no type for."""
    import base64
    from datetime import UTC, datetime

    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)
