"""Every table of the lake, declared once: its columns, its key, and how it is written."""

from __future__ import annotations

import pyarrow as pa

from dataq_lake.column_types import ID, MARKER, MESSAGE, METADATA, TIME, UNIT
from dataq_lake.declaration import Table
from dataq_lake.errors import UnknownTable
from dataq_lake.names import checked_source

__all__ = ["ID", "RAW", "TABLES", "TIME", "Table", "declared", "raw_table"]

RAW = pa.schema(
    [
        ("item_id", ID),
        ("source", pa.string()),
        ("source_id", pa.string()),
        ("sequence", pa.int64()),
        ("timestamp", TIME),
        ("observed_at", TIME),
        ("window", pa.string()),
        ("op", pa.string()),
        ("content_type", pa.string()),
        ("size", pa.int64()),
        ("content_hash", pa.string()),
        ("metadata_hash", pa.string()),
        ("payload", pa.binary()),
        ("blob_uri", pa.string()),
        ("metadata", METADATA),
        ("problem", pa.string()),
        ("plugin_id", pa.string()),
        ("plugin_version", pa.string()),
        ("run_id", pa.string()),
    ]
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "items",
            pa.schema(
                [
                    ("item_id", ID),
                    ("source", pa.string()),
                    ("source_id", pa.string()),
                    ("sequence", pa.int64()),
                    ("timestamp", TIME),
                    ("declared_type", pa.string()),
                    ("detected_type", pa.string()),
                    ("language", pa.string()),
                    ("title", pa.string()),
                    ("text_length", pa.int64()),
                    ("quality_score", pa.float64()),
                    ("classification", pa.string()),
                    ("size", pa.int64()),
                    ("content_hash", pa.string()),
                    ("transform", pa.string()),
                    ("payload", pa.binary()),
                    ("blob_uri", pa.string()),
                    ("run_id", pa.string()),
                ]
            ),
            ("item_id",),
            "A validated item. payload and blob_uri are filled only where a transformation "
            "changed the bytes; otherwise the raw row holds them.",
            ("payload",),
        ),
        Table(
            "quarantine",
            pa.schema(
                [
                    ("id", ID),
                    ("item_id", ID),
                    ("asset_id", ID),
                    ("source", pa.string()),
                    ("source_id", pa.string()),
                    ("stage", pa.string()),
                    ("rule", pa.string()),
                    ("category", pa.string()),
                    ("severity", pa.string()),
                    ("reason", pa.string()),
                    ("attempts", pa.int32()),
                    ("state", pa.string()),
                    ("created_at", TIME),
                    ("updated_at", TIME),
                    ("run_id", pa.string()),
                ]
            ),
            ("id",),
            "A rejected item (state: open, replay, resolved), with the way back.",
        ),
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
                ]
            ),
            ("id",),
            "The text of one content by one extractor version, stored once however many assets "
            "carry it; units are its segments before they have ids.",
            ("text",),
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
                [("asset_id", ID), *MESSAGE, ("thread_id", pa.string()), ("run_id", pa.string())]
            ),
            ("asset_id",),
            "A mail. thread_id is the first message id of its chain of references.",
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
        Table(
            "relationships",
            pa.schema(
                [
                    ("id", ID),
                    ("source_id", ID),
                    ("target_id", ID),
                    ("relationship_type", pa.string()),
                    ("strength", pa.float64()),
                    ("method", pa.string()),
                    ("metadata", METADATA),
                    ("run_id", pa.string()),
                ]
            ),
            ("id",),
            "A directed edge between two entities that are current: what one is to the other, how "
            "surely, and how that is known; metadata is the evidence.",
        ),
        Table(
            "relations",
            pa.schema(
                [
                    ("relation", pa.string()),
                    ("basis", pa.string()),
                    ("edges", pa.int64()),
                    ("related_at", TIME),
                    ("run_id", pa.string()),
                ]
            ),
            ("relation",),
            "How far each relation has come: the versions of the tables that its edges stand on.",
        ),
        Table(
            "links",
            pa.schema(
                [
                    ("id", ID),
                    ("asset_id", ID),
                    ("reader_version", pa.string()),
                    ("hrefs", pa.list_(pa.string())),
                    ("addresses", pa.list_(pa.string())),
                    ("run_id", pa.string()),
                ]
            ),
            ("id",),
            "The links of a page, archived or not: as they are written, and where they lead.",
        ),
        Table(
            "sketches",
            pa.schema(
                [
                    ("text_hash", pa.string()),
                    ("method", pa.string()),
                    ("bands", pa.list_(pa.int64())),
                    ("run_id", pa.string()),
                ]
            ),
            ("text_hash",),
            "What texts that are alike have in common: two of them share one of their bands. Of "
            "texts that count; those that are too short to be compared have none.",
            ("bands",),
        ),
        Table(
            "plugin_state",
            pa.schema(
                [
                    ("source", pa.string()),
                    ("sequence", pa.int64()),
                    ("state", pa.binary()),
                    ("saved_at", TIME),
                    ("run_id", pa.string()),
                ]
            ),
            ("source", "sequence"),
            "What a plugin asked to get back; the highest sequence of a source counts.",
            ("state",),
        ),
        Table(
            "deliveries",
            pa.schema(
                [
                    ("id", ID),
                    ("step", pa.int32()),
                    ("destination", pa.string()),
                    ("state", pa.string()),
                    ("rows", pa.int64()),
                    ("bytes", pa.int64()),
                    ("row_ids", pa.list_(pa.string())),
                    ("attempts", pa.int32()),
                    ("reason", pa.string()),
                    ("place", pa.string()),
                    ("watermark", pa.int64()),
                    ("recorded_at", TIME),
                    ("run_id", pa.string()),
                    ("sequence", pa.int64()),
                    ("row_hashes", pa.list_(pa.string())),
                ]
            ),
            ("id", "step"),
            "What became of rows on their way to a destination, a row a step: planned (before "
            "anything is sent), delivered, dead, replay or superseded. The highest step of an id "
            "counts.",
            ("row_ids", "row_hashes"),
            version=2,
            insert_only=True,
        ),
        Table(
            "reprocessings",
            pa.schema(
                [
                    ("id", ID),
                    ("source", pa.string()),
                    ("first_window", pa.string()),
                    ("last_window", pa.string()),
                    ("analyzer", pa.string()),
                    ("analyzer_version", pa.string()),
                    ("state", pa.string()),
                    ("items", pa.int64()),
                    ("assets", pa.int64()),
                    ("contents", pa.int64()),
                    ("texts", pa.int64()),
                    ("segments", pa.int64()),
                    ("requested_at", TIME),
                    ("run_id", pa.string()),
                ]
            ),
            ("id",),
            "What somebody wanted to have derived again, and how much that was. open: to be taken "
            "away yet; taken: being derived again; done: vectors of what is no more are gone too.",
        ),
        Table(
            "snapshots",
            pa.schema(
                [
                    ("id", ID),
                    ("created_at", TIME),
                    ("manifest", pa.string()),
                    ("segments", pa.int64()),
                    ("run_id", pa.string()),
                    ("sequence", pa.int64()),
                    ("retired_at", TIME),
                ]
            ),
            ("id",),
            "A published search index: the manifest names its parts and the table versions behind "
            "it. The highest sequence is the newest.",
            version=2,
        ),
    )
}


def raw_table(source: str) -> Table:
    """The append-only table of one source."""
    return Table(
        f"raw_{source}",
        RAW,
        ("item_id",),
        f"Every observed version of everything in source {source}, in order of sequence.",
        ("payload",),
        insert_only=True,
    )


def declared(name: str) -> Table:
    """The table called `name`, of a source or derived; raises UnknownTable, InvalidName."""
    if name.startswith("raw_"):
        return raw_table(checked_source(name.removeprefix("raw_")))
    if name not in TABLES:
        raise UnknownTable(f"no table {name!r}: there are raw_<source>, {', '.join(TABLES)}")
    return TABLES[name]
