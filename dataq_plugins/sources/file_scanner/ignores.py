"""What the .gitignore files of a tree leave out, by git's own rules."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dataq_plugins.sources._patterns import Patterns

FILE = ".gitignore"
_MAX_BYTES = 1 << 20
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True)
class Ignores:
    """The .gitignore files from a root down to one folder; the deepest that matches decides."""

    base: str = ""
    patterns: Patterns | None = None
    above: Ignores | None = None

    def ignores(self, path: str) -> bool:
        """Return whether git would leave out this path below the root; folders end in a slash."""
        level: Ignores | None = self
        while level is not None and level.patterns is not None:
            verdict = level.patterns.verdict(path[len(level.base) :])
            if verdict is not None:
                return verdict
            level = level.above
        return False

    def below(self, folder: int, path: str) -> Ignores:
        """Return these and the patterns of the .gitignore file in an open folder, if it has one."""
        try:
            fd = os.open(FILE, _FLAGS, dir_fd=folder)
        except OSError:
            return self
        try:
            text = os.read(fd, _MAX_BYTES).decode("utf-8", "surrogateescape")
        except OSError:
            return self
        finally:
            os.close(fd)
        # Like git: a line that is no pattern counts for nothing.
        patterns = Patterns(text.splitlines(), lenient=True)
        return Ignores(f"{path}/" if path else "", patterns, self)
