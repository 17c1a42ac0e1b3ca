"""Where everything of one lake lives on disk: DATAQ_HOME."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_gateway.errors import NoHome

if TYPE_CHECKING:
    from dataq_lake.lake import Lake


@dataclass(frozen=True)
class Home:
    """The folders below one DATAQ_HOME."""

    path: Path

    @property
    def lake(self) -> Path:
        return self.path / "lake"

    @property
    def sources(self) -> Path:
        return self.path / "sources"

    @property
    def dagster(self) -> Path:
        return self.path / "dagster"


def home() -> Home:
    """The home of DATAQ_HOME (default ~/.dataq), which need not exist."""
    return Home(Path(os.environ.get("DATAQ_HOME") or "~/.dataq").expanduser().absolute())


def existing_lake() -> Lake:
    """The lake of this home; raises NoHome where nothing was archived yet."""
    from dataq_lake.lake import open_lake

    here = home()
    if not here.lake.is_dir():
        raise NoHome(
            f"no lake in {here.path}",
            do="add a source (dataq sources add NAME --plugin file_scanner --config root=DIR) "
            "and archive it (dataq run), or set DATAQ_HOME to a home that has one",
        )
    return open_lake(here.lake)
