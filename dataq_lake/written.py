"""Who writes to a table and what came of it; both end up in the table's own log."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class CommitInfo:
    """Why a commit is made: the run and the asset behind it; kept in the Delta log."""

    run_id: str = ""
    asset: str = ""


@dataclass(frozen=True)
class Written:
    """What one write did; `version` is the table's after it, None if there is no table yet."""

    rows: int = 0
    deleted: int = 0
    bytes: int = 0
    files: int = 0
    version: int | None = None
    seconds: float = 0.0

    def __add__(self, other: Written) -> Written:
        """The sum of two writes, at the later one's version."""
        return Written(
            self.rows + other.rows,
            self.deleted + other.deleted,
            self.bytes + other.bytes,
            self.files + other.files,
            self.version if other.version is None else other.version,
            self.seconds + other.seconds,
        )

    def as_dict(self) -> dict[str, Any]:
        """The counts as JSON can hold them, for logs and asset metadata."""
        return asdict(self)
