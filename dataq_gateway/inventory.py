"""What one home holds: its sources, tables, open quarantine and newest index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataq_lake.interface import LakeTable
    from dataq_lake.lake import Lake
    from dataq_resources.home import Home


def inventory(home: Home) -> dict[str, Any]:
    """Everything that `dataq status` tells, in the shape of its JSON."""
    from dataq_lake.lake import open_lake

    lake = open_lake(home.lake)
    tables = [table_facts(lake.table(name)) for name in lake.tables()]
    return {
        "home": str(home.path),
        "sources": source_facts(home, {each["table"]: each for each in tables}),
        "tables": tables,
        "quarantine": quarantine_facts(lake),
        "index": index_facts(lake),
    }


def table_facts(handle: LakeTable) -> dict[str, Any]:
    """Rows, bytes, version and last commit of a table."""
    snapshot = handle.snapshot()
    last = next(iter(handle.history()), None) if snapshot else None
    return {
        "table": handle.table.name,
        "rows": handle.count() if snapshot else 0,
        "bytes": sum(file.size for file in snapshot.files) if snapshot else 0,
        "version": snapshot.version if snapshot else None,
        "changed": last.time if last else None,
        "run_id": last.run_id if last else None,
    }


def source_facts(home: Home, tables: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each source with its plugin and the state of its raw table, archived or not."""
    from dataq_resources.sources import load_sources

    configured = {source.name: source for source in load_sources(home)}
    archived = {name.removeprefix("raw_") for name in tables if name.startswith("raw_")}
    facts = []
    for name in sorted(configured.keys() | archived):
        source, raw = configured.get(name), tables.get(f"raw_{name}", {})
        facts.append(
            {
                "source": name,
                "plugin": (source.plugin or " ".join(source.command or ())) if source else None,
                "protocol": source.protocol if source else None,
                "rows": raw.get("rows", 0),
                "changed": raw.get("changed"),
                "run_id": raw.get("run_id"),
            }
        )
    return facts


def quarantine_facts(lake: Lake) -> list[dict[str, Any]]:
    """Open quarantine rows by source, stage and rule."""
    import polars as pl

    rows = lake.table("quarantine").scan(["source", "stage", "rule", "state"])
    by = ["source", "stage", "rule"]
    found = rows.filter(pl.col("state") == "open").group_by(by).agg(pl.len().alias("rows"))
    return found.sort(by).collect().to_dicts()


def index_facts(lake: Lake) -> dict[str, Any] | None:
    """The newest published index, or None."""
    rows = lake.table("snapshots").scan(["id", "created_at", "segments", "run_id", "sequence"])
    # By sequence: the clock may have gone back; a lake that waits for its upgrade has none.
    newest = (
        rows.sort("sequence", "created_at", descending=True, nulls_last=True)
        .drop("sequence")
        .limit(1)
        .collect()
        .to_dicts()
    )
    if not newest:
        return None
    return {"snapshot": newest[0].pop("id"), **newest[0]}
