"""What the .gitignore files of a tree leave out, by git's own rules."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILE = ".gitignore"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Ignores:
    """The .gitignore files from a root down to one folder; the deepest that matches decides."""

    base: str = ""
    spec: GitIgnoreSpec | None = None
    above: Ignores | None = None

    def ignores(self, path: str) -> bool:
        """Return whether git would leave out this path below the root; folders end in a slash."""
        level: Ignores | None = self
        while level is not None and level.spec is not None:
            verdict = level.spec.check_file(path[len(level.base) :]).include
            if verdict is not None:
                return verdict
            level = level.above
        return False

    def below(self, folder: int, path: str) -> Ignores:
        """Return these and the patterns of the .gitignore file in an open folder, if it has one."""
        try:
            fd = os.open(
                FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder
            )
        except OSError:
            return self
        try:
            text = os.read(fd, _MAX_BYTES).decode("utf-8", "surrogateescape")
        except OSError:
            return self
        finally:
            os.close(fd)
        return Ignores(f"{path}/" if path else "", _lenient(text), self)


def _lenient(text: str) -> GitIgnoreSpec:
    # Like git: a line that is no pattern counts for nothing.
    from pathspec import GitIgnoreSpec

    kept = []
    for line in text.splitlines():
        try:
            kept.extend(GitIgnoreSpec.from_lines([line], backend="simple").patterns)
        except ValueError:
            continue
    return GitIgnoreSpec(kept, backend="simple")
