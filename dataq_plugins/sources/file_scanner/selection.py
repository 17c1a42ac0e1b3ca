"""Which paths of a tree are wanted: hidden ones, include and exclude patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dataq_plugins.sources._patterns import Patterns

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_PLAIN_FOLDER = re.compile(r"[^!#/*?\[\]\\\s]+/")


class Selection:
    """Says of a path below a root whether it is wanted; nothing below an unwanted folder is.

    Raises ValueError naming a line that is not a pattern in gitignore syntax.
    """

    def __init__(
        self, include: Sequence[str] = (), exclude: Sequence[str] = (), *, hidden: bool = True
    ) -> None:
        self._hidden = hidden
        self._include = _spec(include) if include else None
        # Names of folders are the usual case by far; they need no pattern matcher.
        plain = all(_PLAIN_FOLDER.fullmatch(line) for line in exclude)
        self._folder_names = frozenset(line[:-1] for line in exclude) if plain else frozenset()
        self._exclude = None if plain else Patterns(exclude)
        self.takes_all_files = hidden and self._include is None and self._exclude is None

    def wants_folder(self, path: str, name: str) -> bool:
        """Return whether to look into a folder, given its path below the root and its name."""
        if name in self._folder_names or (name[0] == "." and not self._hidden):
            return False
        return self._exclude is None or not self._exclude.verdict(path + "/")

    def wants_file(self, path: str, name: str) -> bool:
        """Return whether to take a file, given its path below the root and its name."""
        if name[0] == "." and not self._hidden:
            return False
        if self._exclude is not None and self._exclude.verdict(path):
            return False
        return self._include is None or self._include.match_file(path)


def _spec(lines: Sequence[str]) -> GitIgnoreSpec:
    """Return a matcher of whole paths: an included folder includes what lies in it."""
    from pathspec import GitIgnoreSpec

    Patterns(lines)  # for its message
    return GitIgnoreSpec.from_lines(lines, backend="simple")
