"""Loads DuckDB's extensions from their Python packages: nothing is downloaded at run time."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_lake.errors import FixTheCall

if TYPE_CHECKING:
    import duckdb

OFFLINE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}
"""The settings of a connection that loads nothing by itself."""


def load(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Loads extensions like `ducklake`; raises FixTheCall where a package is missing."""
    import duckdb

    for name in names:
        connection.execute(f"load '{_file(name, duckdb.__version__)}'")


@cache
def _file(name: str, version: str) -> Path:
    spec = find_spec(f"duckdb_extension_{name}")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / "extensions" / f"v{version}" / f"{name}.duckdb_extension"
        if file.is_file():
            return file
    package = f"duckdb-extension-{name.replace('_', '-')}"
    raise FixTheCall(f"DuckDB's extension {name} is missing: pip install {package}=={version}")
