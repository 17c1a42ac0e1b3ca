"""Things, what they say, and their vectors."""

from __future__ import annotations

import pyarrow as pa

from dataq_lake.column_types import EVENT, ID, MAIL, MARKER, MESSAGE, METADATA, TIME, UNIT
from dataq_lake.declaration import Table

TABLES = (
    Table(
        "entities",
        pa.schema(
            [
                ("id", ID),
                ("entity_type", pa.string()),
                ("parent_id", ID),
                ("version", pa.int32()),
                ("version_of", ID),
                ("is_latest", pa.bool_()),
                ("created_at", TIME),
                ("updated_at", TIME),
                ("metadata", METADATA),
            ]
        ),
        ("id",),
        "Anything with an id. version_of is the id of the first version of the same thing.",
    ),
    Table(
        "assets",
        pa.schema(
            [
                ("id", ID),
                ("item_id", ID),
                ("parent_id", ID),
                ("source", pa.string()),
                ("source_id", pa.string()),
                ("sequence", pa.int64()),
                ("timestamp", TIME),
                ("filename", pa.string()),
                ("path", pa.string()),
                ("depth", pa.int32()),
                ("file_hash", pa.string()),
                ("file_size", pa.int64()),
                ("mime_type", pa.string()),
                ("storage_path", pa.string()),
                ("payload", pa.binary()),
                ("duplicate_of", ID),
                ("upload_context", METADATA),
                ("processing_status", pa.string()),
                ("processing_priority", pa.int32()),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "A file, message or member of a container. path is source_id, then !/inner for each "
        "container opened. storage_path says where the bytes are: raw:<item_id>, "
        "item:<item_id>, row (payload of this row) or blob:<sha256>.",
        ("payload",),
    ),
    Table(
        "texts",
        pa.schema(
            [
                ("id", ID),
                ("content_hash", pa.string()),
                ("extractor", pa.string()),
                ("extractor_version", pa.string()),
                ("text_hash", pa.string()),
                ("text", pa.large_string()),
                ("title", pa.string()),
                ("language", pa.string()),
                ("units", pa.list_(UNIT)),
                ("message", MESSAGE),
                ("run_id", pa.string()),
                ("mail", MAIL),
                ("events", pa.list_(EVENT)),
            ]
        ),
        ("id",),
        "The text of one content by one extractor version, stored once however many assets "
        "carry it; units are its segments before they have ids.",
        ("text",),
        version=2,
    ),
    Table(
        "analyses",
        pa.schema(
            [
                ("content_hash", pa.string()),
                ("analyzer", pa.string()),
                ("analyzer_version", pa.string()),
                ("tools", METADATA),
                ("outcome", pa.string()),
                ("reason", pa.string()),
                ("text_id", ID),
                ("analyzed_at", TIME),
                ("run_id", pa.string()),
            ]
        ),
        ("content_hash", "analyzer", "analyzer_version"),
        "Work done, by content: what need not be done again, also when it failed for good.",
    ),
    Table(
        "messages",
        pa.schema(
            [
                ("asset_id", ID),
                *MESSAGE,
                ("thread_id", pa.string()),
                ("run_id", pa.string()),
                *MAIL,
                ("has_attachments", pa.bool_()),
                ("mailbox", pa.string()),
                ("flags", pa.list_(pa.string())),
                ("identity", pa.string()),
            ]
        ),
        ("asset_id",),
        "A mail. Mails that name each other, in whatever source they are, have one thread_id; "
        "those with the same identity are one mail.",
        version=2,
    ),
    Table(
        "events",
        pa.schema(
            [
                ("id", ID),
                ("asset_id", ID),
                ("text_id", ID),
                ("number", pa.int32()),
                *EVENT,
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "An event of a calendar file or invitation; the mail is the asset's parent.",
    ),
    Table(
        "segments",
        pa.schema(
            [
                ("id", ID),
                ("asset_id", ID),
                ("text_id", ID),
                ("segment_type", pa.string()),
                ("sequence_number", pa.int32()),
                ("start_marker", MARKER),
                ("end_marker", MARKER),
                ("text", pa.large_string()),
                ("text_hash", pa.string()),
                ("confidence_score", pa.float64()),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "A unit of meaning: text equals texts.text[start_marker.char:end_marker.char].",
        ("text",),
    ),
    Table(
        "embeddings",
        pa.schema(
            [
                ("entity_id", ID),
                ("embedding_type", pa.string()),
                ("model_name", pa.string()),
                ("model_version", pa.string()),
                ("text_hash", pa.string()),
                ("vector", pa.list_(pa.float32())),
                ("run_id", pa.string()),
            ]
        ),
        ("entity_id", "model_name", "model_version"),
        "A vector of unit length; all of one model have the same size.",
        ("vector",),
        scattered=True,
    ),
)
