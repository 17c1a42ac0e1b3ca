"""What every column is: one name, one meaning, unless `table.column` says otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

MEANINGS = {
    "addresses": "where each leads: a URL, or a path within the source",
    "analyzed_at": "when the work was done",
    "analyzer": "the analyzer's name",
    "analyzer_version": "its version: a new one does the work again",
    "asset_id": "the asset it belongs to",
    "attempts": "how often it was tried",
    "assets": "so many assets they were made for",
    "bands": "hashes of 5 minima of MinHash each",
    "basis": "JSON: the version of the relation and of each table that it reads",
    "blob_uri": "blob:&lt;sha256&gt;, if the bytes are in the blob store",
    "category": "the kind of rule that rejected it",
    "cc": "addresses",
    "center": "a vector of unit length: what is nearest to it is in the region",
    "classification": "a coarse kind: text, mail, image, …",
    "confidence_score": "0 to 1; 1 where nothing was guessed",
    "content_hash": "SHA-256 of the bytes, 64 hex digits",
    "content_type": "the media type that the plugin declared",
    "created_at": "when it was first there",
    "date": "what the Date header says",
    "declared_type": "the media type that the plugin declared",
    "depth": "0 for what a source sent, 1 for a member of it, and so on",
    "destination": "the destination they go to",
    "detected_type": "the media type found by looking at the content",
    "duplicate_of": "the first asset with the same bytes, null for that one itself",
    "edges": "how many",
    "embedding_type": "text, visual, audio or multimodal",
    "end_marker": "where it ends, the end excluded",
    "entity_id": "the entity that the vector stands for",
    "entity_type": "asset, segment or collection",
    "extractor": "the analyzer that extracted the text",
    "extractor_version": "its version",
    "file_hash": "SHA-256 of the bytes, 64 hex digits",
    "file_size": "bytes",
    "filename": "the last part of the path",
    "from": "address of the sender",
    "hrefs": "the links as they are written",
    "id": "128 bits as 32 hex digits, the same for the same thing",
    "in_reply_to": "the message id that it answers",
    "is_latest": "no later version was observed, and no deletion",
    "item_id": "the observation it comes from: a row of raw",
    "labels": "folders or labels in the source",
    "language": "ISO 639 code, null where unknown",
    "manifest": "JSON: the parts of the index and the table versions behind them",
    "message": "the headers, if it is a mail",
    "message_id": "what the Message-ID header says",
    "metadata": "names and values as the source gives them",
    "metadata_hash": "128-bit hash of the metadata",
    "method": "how it is known: by which header, hash or comparison",
    "mime_type": "the media type by which an analyzer is chosen",
    "model_name": "the model that made the vector",
    "model_version": "its version",
    "number": "from 0",
    "observed_at": "when it was archived",
    "op": "upsert, or delete for a tombstone",
    "outcome": "text, or the rule by which there is none",
    "path": "source_id, then !/inner for each container opened",
    "payload": "the bytes, up to 256 KiB",
    "place": "where they are now, as the receiver tells it",
    "plugin_id": "the plugin that sent it",
    "plugin_version": "its version",
    "problem": "why the plugin could not read the thing, null if it could",
    "processing_priority": "smaller goes first",
    "processing_status": "stored, or why its members are missing",
    "quality_score": "0 to 1: the share of characters that are no noise",
    "reader_version": "the version of what found the links",
    "reason": "what was wrong, in words",
    "recorded_at": "when this step was recorded",
    "references": "message ids, the oldest first",
    "regions": "the regions whose centers are nearest to it; 0 where there are none",
    "related_at": "when its edges were brought up to date",
    "relation": "contains, replies_to, links_to, …",
    "relationship_type": "what the source is to the target: contains, replies_to, links_to, …",
    "retired_at": "when it was forgotten, null while it can be searched",
    "row_hashes": "of changes: what each row was, empty where it goes; with the first step only",
    "row_ids": "the keys of the rows, with the first step only",
    "rule": "the rule that rejected it",
    "run_id": "the run that wrote the row",
    "saved_at": "when it was kept",
    "segment_type": "paragraph, heading, code, function, table, rows, …",
    "segments": "how many segments can be searched",
    "sequence": "order of observation within the source, from 0",
    "sequence_number": "order within the asset, from 0",
    "severity": "error or warning",
    "size": "bytes",
    "source": "the source's name",
    "source_id": "the source's own, stable id of the thing: a path, a message id",
    "stage": "gate, assets or texts: where it was rejected",
    "start_marker": "where it begins: char in the text; byte, line, part … in the original",
    "state": "open, replay or resolved",
    "step": "0 when it was planned, then what became of it",
    "storage_path": "where the bytes are: raw:&lt;item_id&gt;, item:&lt;item_id&gt;, row, "
    "blob:&lt;sha256&gt;",
    "strength": "0 to 1; 1 where nothing was guessed",
    "subject": "what the Subject header says",
    "target_id": "the entity that the edge leads to",
    "text": "the text",
    "text_hash": "SHA-256 of the text",
    "text_id": "the row of texts it comes from",
    "text_length": "characters",
    "text_run": "the run that wrote the text",
    "thread_id": "the first message id of its chain of references",
    "timestamp": "the thing's own time; that of its capture if it has none",
    "title": "the title that the content gives itself",
    "to": "addresses",
    "tools": "versions of the tools and models used",
    "transform": "the transformations that changed the bytes",
    "units": "the segments before they have ids: type and markers",
    "updated_at": "when it last changed",
    "upload_context": "names and values about how it came in",
    "vector": "floats, of unit length",
    "version": "1, 2, … in order of observation",
    "version_of": "the id of the first version of the same thing",
    "watermark": "the version of the table that nothing older is left of, with its last delivery",
    "window": "the window of time it is filed in, like 2026-11",
    "assets.parent_id": "the container it is a member of",
    "entities.parent_id": "the asset that a segment or member belongs to",
    "deliveries.id": "the key that the receiver gets: the same for the same rows",
    "deliveries.rows": "how many",
    "deliveries.bytes": "as they travel",
    "deliveries.sequence": "of changes: their version, which grows with every delivery",
    "deliveries.state": "planned, delivered, dead, replay or superseded",
    "deliveries.reason": "why they are not delivered",
    "reprocessings.items": "how many",
    "reprocessings.assets": "how many",
    "reprocessings.contents": "how many distinct contents",
    "reprocessings.texts": "how many",
    "reprocessings.segments": "how many",
    "reprocessings.state": "open, taken or done",
    "reprocessings.analyzer_version": "only what this version made; before it, if it begins with <",
    "reprocessings.first_window": "the first of the windows, null for all",
    "reprocessings.last_window": "the last of them",
    "reprocessings.requested_at": "when somebody asked for it",
    "plugin_state.sequence": "the highest of a source counts",
    "snapshots.sequence": "order of publication, from 1",
    "plugin_state.state": "bytes that only the plugin understands",
    "relationships.source_id": "the entity that the edge begins at",
    "relationships.metadata": "the evidence, by name",
    "positions.vector": "a direction, a signed byte a dimension",
}


def meaning(table: str, column: str) -> str:
    """What `column` of `table` means, in a few words of Markdown; KeyError if nobody said so."""
    return MEANINGS.get(f"{table}.{column}") or MEANINGS[column]


class Column(NamedTuple):
    """A column as the schemas declare it; `type` as pyarrow writes it."""

    name: str
    type: str
    is_key: bool


@cache
def columns() -> Mapping[str, tuple[Column, ...]]:
    """The columns of every table, `raw` for those of any source.

    From a file that `make docs` writes: the schemas themselves load pyarrow, and with it numpy.
    """
    text = Path(__file__).with_name("columns.json").read_text(encoding="utf-8")
    return {
        name: tuple(Column(*each) for each in found) for name, found in json.loads(text).items()
    }
