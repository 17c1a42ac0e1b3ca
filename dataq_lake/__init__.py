"""The lake without Dagster: tables, ids, blobs, snapshots, embedders, indexes, search and SQL.

>>> import dataq_lake
>>> lake = dataq_lake.open()
>>> lake.sql("select source, count(*) from raw group by all").pl()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from dataq_lake.lake import Lake


def open(path: str | Path | None = None, as_of: datetime | str | None = None) -> Lake:  # noqa: A001
    """The lake of the home (or lake) at `path`, by default that of DATAQ_LAKE or DATAQ_HOME.

    `path` is a folder or s3://bucket/prefix; where nothing is set the home is ~/.dataq.

    With `as_of` it is the lake as it was: at a time (ISO 8601), or in a snapshot by name or id.
    Raises LakeMissing, NotYet, UnknownSnapshot.
    """
    import os
    from pathlib import Path

    from dataq_lake.lake import open_lake

    named = path or (os.environ.get("DATAQ_LAKE") if path is None else None)
    if named is not None and "://" in str(named):
        return open_lake(str(named), must_exist=True).at(as_of)
    home = Path(named or os.environ.get("DATAQ_HOME") or "~/.dataq").expanduser()
    own = (home / "tables").is_dir()
    return open_lake(home if own else home / "lake", must_exist=True).at(as_of)
