"""Says how large `make setup` makes .venv, as `du -sb` counts, and fails where that is too much.

    install_size.py LIMIT LOCK...

Counted are the files, and their bytecode, of the packages that the locks name and of what venv
brings: so it is right beside the packages of tests too.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from importlib.util import cache_from_source
from pathlib import Path

BROUGHT = {"pip", "setuptools", "dataq"}
NAMED = re.compile(r"^([A-Za-z0-9._-]+)==", re.M)


def canonical(name: str) -> str:
    """The name as all spellings of it have it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def files(package: Distribution) -> set[Path]:
    """What is there of the package."""
    listed = {Path(str(package.locate_file(path))).absolute() for path in package.files or ()}
    compiled = {Path(cache_from_source(path)) for path in listed if path.suffix == ".py"}
    return {path for path in listed | compiled if path.is_file()}


def size(found: set[Path], root: Path) -> int:
    """Bytes of the files, and of the folders that hold them below `root`."""
    resolved = {Path(path).resolve() for path in found}
    folders = {folder for path in resolved for folder in path.parents if root in folder.parents}
    return sum(path.lstat().st_size for path in resolved | folders | {root})


def main(limit: int, locks: list[str]) -> int:
    """The exit code; prints the size and, where it is too much, the largest packages."""
    named = [name for lock in locks for name in NAMED.findall(Path(lock).read_text())]
    wanted = BROUGHT.union(map(canonical, named))
    root = Path(sys.prefix).resolve()
    found = {
        name: files(package)
        for package in distributions()
        if (name := canonical(package.metadata["Name"])) in wanted
    }
    total = size(set[Path]().union(*found.values()), root)
    print(f"install: {total:,} bytes, {len(found)} packages; at most {limit:,}")
    if total <= limit:
        return 0
    for name in sorted(found, key=lambda name: -size(found[name], root))[:20]:
        print(f"{size(found[name], root):>14,}  {name}", file=sys.stderr)
    print(f"error: the install is {total - limit:,} bytes too large", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), sys.argv[2:]))
