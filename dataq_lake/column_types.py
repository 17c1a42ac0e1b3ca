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

# What was found, and in which part of a mail ("1.2", "header").
FINDING = pa.struct([("kind", pa.string()), ("part", pa.string())])

# What a mail says beyond MESSAGE. Addresses in their normal form, without names; `from_address`
# and `from_name` are those of the first sender.
MAIL = pa.struct(
    [
        ("sender", pa.string()),
        ("reply_to", pa.list_(pa.string())),
        ("from_name", pa.string()),
        ("from_address", pa.string()),
        ("to_addresses", pa.list_(pa.string())),
        ("cc_addresses", pa.list_(pa.string())),
        ("bcc_addresses", pa.list_(pa.string())),
        ("list_id", pa.string()),
        ("importance", pa.string()),
        ("auto_submitted", pa.string()),
        ("size", pa.int64()),
        ("attachments", pa.int32()),
        ("attachment_bytes", pa.int64()),
        ("protection", pa.list_(FINDING)),
        ("repairs", pa.list_(FINDING)),
        ("body_hash", pa.string()),
    ]
)

ATTENDEE = pa.struct(
    [
        ("address", pa.string()),
        ("name", pa.string()),
        ("role", pa.string()),
        ("status", pa.string()),
    ]
)

EVENT = pa.struct(
    [
        ("uid", pa.string()),
        ("recurrence_id", pa.string()),
        ("sequence", pa.int64()),
        ("stamped_at", TIME),
        ("method", pa.string()),
        ("status", pa.string()),
        ("summary", pa.string()),
        ("location", pa.string()),
        ("starts_at", TIME),
        ("ends_at", TIME),
        ("time_zone", pa.string()),
        ("all_day", pa.bool_()),
        ("recurrence", pa.string()),
        ("organizer", pa.string()),
        ("attendees", pa.list_(ATTENDEE)),
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
