"""Where a row comes from, step by step: segment, analyzer, asset, raw row, source, runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dataq_lake.errors import UnknownId
from dataq_lake.lookup import Lookup, Row

if TYPE_CHECKING:
    from dataq_lake.lake import Lake

SHORTEST = 8  # digits of an id
_ID = re.compile(rf"[0-9a-f]{{{SHORTEST},32}}")
_DEEPEST = 64  # containers inside containers; a guard against a loop in damaged rows

SEGMENT = (
    "id", "asset_id", "text_id", "segment_type", "sequence_number", "start_marker", "end_marker",
    "text", "text_hash", "confidence_score", "run_id",
)  # fmt: skip
TEXT = (
    "id", "content_hash", "extractor", "extractor_version", "text_hash", "title", "language",
    "run_id",
)  # fmt: skip
ANALYSIS = (
    "analyzer", "analyzer_version", "tools", "outcome", "reason", "text_id", "analyzed_at",
    "run_id",
)  # fmt: skip
ASSET = (
    "id", "item_id", "parent_id", "source", "source_id", "timestamp", "filename", "path", "depth",
    "file_hash", "file_size", "mime_type", "storage_path", "duplicate_of", "run_id",
)  # fmt: skip
VERSION = ("id", "version", "version_of", "is_latest", "created_at", "updated_at")
CONTAINER = ("id", "parent_id", "path", "mime_type", "file_hash")
ITEM = ("item_id", "declared_type", "detected_type", "transform", "content_hash", "run_id")
RAW = (
    "item_id", "source", "source_id", "sequence", "timestamp", "observed_at", "window", "op",
    "content_type", "size", "content_hash", "blob_uri", "metadata", "problem", "plugin_id",
    "plugin_version", "run_id",
)  # fmt: skip
VECTOR = ("model_name", "model_version", "embedding_type", "run_id")
REJECTED = ("id", "stage", "rule", "category", "severity", "reason", "state", "run_id")


def ancestry(lake: Lake, id_: str) -> dict[str, Any]:
    """The way from a segment, asset or item back to its source, as JSON can hold it.

    `id_` is whole or a prefix of at least 8 digits, also one of a row of quarantine. The steps that
    there are, in this order: kind, segment, embeddings, analyzer, asset (its versions and
    containers), item, raw, source, quarantine, runs (what each committed to which table version).
    Raises UnknownId.
    """
    lookup = Lookup(lake)
    kind, whole = _resolve(lookup, id_)
    steps = {"segment": _of_segment, "asset": _of_asset, "item": _of_item}[kind](lookup, whole)
    found = {"id": whole, "kind": kind, **steps}
    return {**found, "runs": _runs(lake, found)}


def content(lake: Lake, id_: str) -> Iterator[bytes]:
    """The exact bytes behind a segment, asset or item, none before all agree with their hash.

    `id_` as for `ancestry`. Raises UnknownId, ContentLost, ContentDamaged.
    """
    from dataq_lake.content import content_of

    return content_of(lake, resolve(lake, id_)[1])


def resolve(lake: Lake, id_: str) -> tuple[str, str]:
    """What `id_` stands for (segment, asset or item) and the whole id.

    The item and its own asset have one id, which then counts as the asset. A row of quarantine
    stands for what it rejects. Raises UnknownId where there is none, or several that begin so.
    """
    return _resolve(Lookup(lake), id_)


def _resolve(lookup: Lookup, id_: str) -> tuple[str, str]:
    if not _ID.fullmatch(id_):
        raise UnknownId(
            f"{id_[:64]!r} is not an id: those are 32 digits from 0 to f, of which the first "
            f"{SHORTEST} are enough"
        )
    found: dict[str, str] = {}
    places = [("segments", "id", "segment"), ("assets", "id", "asset")]
    places += [(f"raw_{source}", "item_id", "item") for source in lookup.lake.raw_sources()]
    places.append(("quarantine", "id", "quarantine"))
    for table, column, kind in places:
        for whole in lookup.beginning(table, column, id_, limit=3):
            found.setdefault(whole, kind)
        if id_ in found:
            return _thing(lookup, found[id_], id_)
    if len(found) == 1:
        ((whole, kind),) = found.items()
        return _thing(lookup, kind, whole)
    if found:
        raise UnknownId(f"several ids begin with {id_}: {', '.join(sorted(found)[:3])}")
    raise UnknownId(f"no segment, asset or item has the id {id_}")


def _thing(lookup: Lookup, kind: str, id_: str) -> tuple[str, str]:
    """A row of quarantine stands for what it rejects, anything else for itself."""
    if kind != "quarantine":
        return kind, id_
    row = lookup.row("quarantine", "id", id_, ("asset_id", "item_id")) or {}
    return ("asset", row["asset_id"]) if row.get("asset_id") else ("item", str(row.get("item_id")))


def _of_segment(lookup: Lookup, id_: str) -> dict[str, Any]:
    segment = lookup.row("segments", "id", id_, SEGMENT) or {}
    places = {name: _filled(segment[name]) for name in ("start_marker", "end_marker")}
    text = lookup.row("texts", "id", segment["text_id"], TEXT) or {}
    return {
        "segment": segment | places,
        "embeddings": lookup.rows("embeddings", "text_hash", segment["text_hash"], VECTOR),
        "analyzer": _analyzer(lookup, text),
        **_of_asset(lookup, segment["asset_id"]),
    }


def _analyzer(lookup: Lookup, text: Row) -> Row:
    """The analyzer that made a text, with the tools it used, and what it made."""
    done = lookup.rows("analyses", "text_id", text.get("id", ""), ANALYSIS)
    how = done[0] if done else {}
    return {
        "name": text.get("extractor"),
        "version": text.get("extractor_version"),
        "tools": how.get("tools") or {},
        "analyzed_at": how.get("analyzed_at"),
        "text_id": text.get("id"),
        **{name: text.get(name) for name in ("content_hash", "text_hash", "title", "language")},
        "run_id": text.get("run_id"),
    }


def _of_asset(lookup: Lookup, id_: str) -> dict[str, Any]:
    asset = lookup.row("assets", "id", id_, ASSET)
    if asset is None:
        return {}
    return {
        "asset": asset | _version(lookup, id_) | {"containers": _containers(lookup, asset)},
        "analyses": lookup.rows("analyses", "content_hash", asset["file_hash"], ANALYSIS),
        **_of_item(lookup, asset["item_id"], asset["source"]),
        "quarantine": _rejected(lookup, id_, asset["item_id"]),
    }


def _version(lookup: Lookup, asset_id: str) -> dict[str, Any]:
    """The asset's place in its chain of versions, and the chain, oldest first."""
    own = lookup.row("entities", "id", asset_id, VERSION)
    if own is None:
        return {"version": None, "is_latest": None, "versions": []}
    chain = lookup.rows("entities", "version_of", own["version_of"] or asset_id, VERSION)
    shown = ("id", "version", "is_latest", "created_at")
    versions = [{name: row[name] for name in shown} for row in chain or [own]]
    return {
        **{name: own[name] for name in ("version", "version_of", "is_latest")},
        "versions": sorted(versions, key=lambda row: row["version"]),
    }


def _containers(lookup: Lookup, asset: Row) -> list[Row]:
    """What the asset was taken out of, the innermost first."""
    found: list[Row] = []
    parent = asset["parent_id"]
    while parent and len(found) < _DEEPEST:
        container = lookup.row("assets", "id", parent, CONTAINER)
        if container is None:
            break
        parent = container.pop("parent_id")
        found.append(container)
    return found


def _of_item(lookup: Lookup, id_: str, source: str | None = None) -> dict[str, Any]:
    sources = [source] if source else lookup.lake.raw_sources()
    for name in sources:
        raw = lookup.row(f"raw_{name}", "item_id", id_, RAW)
        if raw is not None:
            plugin = {"plugin_id": raw["plugin_id"], "plugin_version": raw["plugin_version"]}
            item = lookup.row("items", "item_id", id_, ITEM)
            steps = {"item": item, "raw": raw, "source": {"name": name, **plugin}}
            return steps if source else steps | {"quarantine": _rejected(lookup, id_)}
    return {}


def _rejected(lookup: Lookup, *ids: str) -> list[Row]:
    """What the gates said against an asset or item."""
    columns = ("asset_id", "item_id")
    found = {
        row["id"]: row
        for id_ in ids
        for column in columns
        for row in lookup.rows("quarantine", column, id_, REJECTED)
    }
    return list(found.values())


def _filled(marker: Row | None) -> Row:
    """A place in the original without what this kind of content has not."""
    return {name: value for name, value in (marker or {}).items() if value is not None}


def _runs(lake: Lake, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each run behind the steps, with what it committed to their tables, in order of time."""
    tables = {"segment": "segments", "analyzer": "texts", "asset": "assets", "item": "items"}
    wrote = [(table, found[step]) for step, table in tables.items() if found.get(step)]
    wrote += [("embeddings", row) for row in found.get("embeddings", ())]
    if found.get("raw"):
        wrote.append((f"raw_{found['raw']['source']}", found["raw"]))
    commits: dict[str, list[dict[str, Any]]] = {}
    for table, run in sorted({(table, row["run_id"]) for table, row in wrote if row["run_id"]}):
        commits.setdefault(run, []).extend(_commits(lake, table, run))
    for made in commits.values():
        made.sort(key=lambda commit: str(commit["time"]))
    in_time = sorted(commits.items(), key=lambda run: str(run[1][0]["time"]) if run[1] else "")
    return [{"run_id": run, "commits": made} for run, made in in_time]


def _commits(lake: Lake, table: str, run_id: str) -> list[dict[str, Any]]:
    return [
        {
            "table": table,
            "version": commit.version,
            "time": commit.time.isoformat(),
            "operation": commit.operation,
        }
        for commit in lake.table(table).history()
        if commit.run_id == run_id
    ]
