"""What a symbolic link leads to, told without trusting it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dataq_plugins.sources._folders.protected import Protected
from dataq_plugins.sources._folders.roots import OpenRoot, open_beneath
from dataq_plugins.sources.file_scanner.problems import LINK_BROKEN, LINK_OUTSIDE, Problem

Policy = Literal["skip", "file", "follow"]


@dataclass(frozen=True)
class Target:
    """Where a link leads: a path below one of the roots."""

    root: OpenRoot
    path: str
    protected: Protected

    def open(self, flags: int) -> int:
        """Return a handle to it, reached from the root without following any link."""
        return open_beneath(self.root.fd, self.path, flags, self.protected.is_home)

    def stat(self) -> os.stat_result:
        """Return its stat, by a handle that opens nothing."""
        fd = self.open(os.O_PATH)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)


def resolve(link: Path, roots: Sequence[OpenRoot], protected: Protected) -> Target | Problem:
    """Return what a link leads to, through any number of links, or why it is not followed."""
    try:
        real = Path(os.path.realpath(link, strict=True))
    except OSError:
        return LINK_BROKEN
    for root in roots:
        if real.is_relative_to(root.real):
            return Target(root, os.fspath(real.relative_to(root.real)), protected)
    return LINK_OUTSIDE
