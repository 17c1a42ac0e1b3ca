"""The types of columns that several tables have."""

from __future__ import annotations

import pyarrow as pa

ID = pa.string()  # 128 bits as 32 hex digits
TIME = pa.timestamp("us", tz="UTC")
METADATA = pa.map_(pa.string(), pa.string())

# A place in the original. Only the fields that the kind of content has are filled:
# characters of the extracted text always; bytes and lines (1-based) of plain files; part of a
# mail ("1.2"); element of a tree (a CSS path, a JSON pointer); page; seconds of a recording.
MARKER = pa.struct(
    [
        ("char", pa.int64()),
        ("byte", pa.int64()),
        ("line", pa.int64()),
        ("page", pa.int32()),
        ("seconds", pa.float64()),
        ("part", pa.string()),
        ("element", pa.string()),
    ]
)

UNIT = pa.struct(
    [
        ("segment_type", pa.string()),
        ("start_marker", MARKER),
        ("end_marker", MARKER),
    ]
)

MESSAGE = pa.struct(
    [
        ("message_id", pa.string()),
        ("in_reply_to", pa.string()),
        ("references", pa.list_(pa.string())),
        ("from", pa.string()),
        ("to", pa.list_(pa.string())),
        ("cc", pa.list_(pa.string())),
        ("date", TIME),
        ("subject", pa.string()),
        ("labels", pa.list_(pa.string())),
    ]
)
