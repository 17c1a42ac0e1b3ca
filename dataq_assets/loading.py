"""Loads the sources' components: the package's and the user's, each on its own."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import dagster as dg
from dagster.components.core.component_tree import ComponentTree
from dagster.components.core.defs_module import ComponentPath

from dataq_assets.components.source_plugin import definitions_of
from dataq_assets.quiet import quietly
from dataq_resources.errors import FixSource
from dataq_resources.home import Home
from dataq_resources.sources import NAME, read_declared, source_files


class BrokenSourceWarning(UserWarning):
    """A source was left out because its defs.yaml cannot be used."""


def source_definitions(home: Home) -> list[dg.Definitions]:
    """The definitions of every source; a broken one shows as an asset that says what is wrong."""
    return [each for folder, paths in _by_folder(home) for each in _load(folder, paths)]


def source_names(home: Home) -> list[str]:
    """The names of all sources, also of broken ones."""
    return [path.parent.name for path in source_files(home) if NAME.fullmatch(path.parent.name)]


def _by_folder(home: Home) -> list[tuple[Path, list[Path]]]:
    found: dict[Path, list[Path]] = {}
    for path in source_files(home):
        found.setdefault(path.parent.parent, []).append(path)
    return list(found.items())


def _load(folder: Path, paths: list[Path]) -> Iterator[dg.Definitions]:
    module = ModuleType("dataq_sources")
    module.__path__ = [str(folder)]
    module.__file__ = str(folder / "__init__.py")
    tree = ComponentTree(defs_module=module, project_root=folder)
    for path in paths:
        try:
            declared = read_declared(path)
            if declared.is_plain:  # most are; Dagster's way to the same takes 8 ms
                yield definitions_of(declared.source, path)
                continue
            with quietly():
                definitions = tree.build_defs(ComponentPath.from_path(path.parent))
            yield definitions
        except FixSource as error:
            yield _broken(path, str(error))
        except Exception as error:  # noqa: BLE001 - a source's own files may do anything
            yield _broken(path, f"{path}: {error}")


def _broken(path: Path, reason: str) -> dg.Definitions:
    warnings.warn(BrokenSourceWarning(reason), stacklevel=2)
    name = path.parent.name
    if not NAME.fullmatch(name):
        return dg.Definitions()
    spec = dg.AssetSpec(
        f"raw_{name}", group_name="raw", description=f"Cannot be used: {reason}", kinds={"broken"}
    )
    return dg.Definitions(assets=[spec])
