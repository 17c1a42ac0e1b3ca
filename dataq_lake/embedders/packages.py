"""Where an installed package keeps its files, found without importing it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from dataq_lake.errors import ModelNotInstalled


def package_file(package: str, path: str, install: str) -> Path:
    """`path` inside `package`; importing a model's package can cost half a second, this nothing.

    Raises ModelNotInstalled, which says to `install` what is missing.
    """
    spec = find_spec(package)
    if spec is not None and spec.origin is not None:
        found = Path(spec.origin).parent / path
        if found.exists():
            return found
    raise ModelNotInstalled(
        f"{path} of the package {package} is not installed: pip install '{install}'"
    )


def package_version(package: str, install: str) -> str:
    """The installed version of `package`."""
    folder = package_file(package, "__init__.py", install).parents[1]
    for found in sorted(folder.glob(f"{package}-*.dist-info")):
        return found.name.removesuffix(".dist-info").removeprefix(f"{package}-")
    from importlib.metadata import version  # costs 80 ms, so only where the folder does not say

    return version(package)
