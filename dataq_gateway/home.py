"""The lake that DATAQ_HOME names, for commands that only read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dataq_gateway.errors import NoHome

if TYPE_CHECKING:
    from dataq_lake.lake import Lake


def existing_lake(as_of: str | None = None) -> Lake:
    """The lake of this home, as it is or was; raises NoHome where nothing was archived yet."""
    from dataq_lake.lake import open_lake
    from dataq_resources.home import home_from_environment

    home = home_from_environment()
    if not home.lake.is_dir():
        where = home.lake if os.environ.get("DATAQ_LAKE") else home.path
        raise NoHome(
            f"no lake in {where}",
            do="add a source (dataq sources add NAME --plugin file_scanner --config root=DIR) "
            "and archive it (dataq run), or set DATAQ_HOME to a home that has one",
        )
    return open_lake(home.lake).at(as_of)
