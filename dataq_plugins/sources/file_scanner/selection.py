"""Which paths of a tree are wanted: hidden ones, include and exclude patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_PLAIN_FOLDER = re.compile(r"[^!#/*?\[\]\\\s]+/")


class Selection:
    """Says of a path below a root whether it is wanted; nothing below an unwanted folder is."""

    def __init__(
        self, include: Sequence[str] = (), exclude: Sequence[str] = (), *, hidden: bool = True
    ) -> None:
        self._hidden = hidden
        self._include = patterns(include) if include else None
        # Names of folders are the usual case by far; they need no pattern matcher.
        plain = _only_folder_names(exclude)
        self._folder_names = frozenset(line[:-1] for line in exclude) if plain else frozenset()
        self._exclude = None if plain else patterns(exclude)

    def wants_folder(self, path: str, name: str) -> bool:
        """Return whether to look into a folder, given its path below the root and its name."""
        if name in self._folder_names or (name[0] == "." and not self._hidden):
            return False
        return self._exclude is None or not self._exclude.match_file(path + "/")

    def wants_file(self, path: str, name: str) -> bool:
        """Return whether to take a file, given its path below the root and its name."""
        if name[0] == "." and not self._hidden:
            return False
        if self._exclude is not None and self._exclude.match_file(path):
            return False
        return self._include is None or self._include.match_file(path)


def check_patterns(lines: Sequence[str]) -> None:
    """Raise ValueError naming the first line that is not a pattern in gitignore syntax."""
    if _only_folder_names(lines):
        return
    from pathspec import GitIgnoreSpec

    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line], backend="simple")
        except ValueError:
            raise ValueError(f"{line!r} is not a pattern in gitignore syntax") from None


def patterns(lines: Sequence[str]) -> GitIgnoreSpec:
    """Return a matcher of patterns in gitignore syntax."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines, backend="simple")


def _only_folder_names(lines: Sequence[str]) -> bool:
    return all(_PLAIN_FOLDER.fullmatch(line) for line in lines)
