"""Patterns in gitignore syntax, each path judged by itself, as git does on its way down a tree."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ANY_FOLDER = "(?P<ps_d>/)"


class Patterns:
    """Lines of a .gitignore file; raises ValueError naming the first that is none.

    pathspec makes the expressions. Its own verdict looks at whole paths at once, and differs
    from git's where a negation meets a folder (`x`, then `!/*`). A walk need not guess: it knows
    what is a folder, and never goes into one that is left out.
    """

    def __init__(self, lines: Iterable[str], *, lenient: bool = False) -> None:
        self._rules: list[tuple[re.Pattern[str], bool]] = []
        for line in lines:
            try:
                self._rules += _rules(line)
            except ValueError:
                if not lenient:
                    raise ValueError(f"{line!r} is not a pattern in gitignore syntax") from None
        self._rules.reverse()

    def verdict(self, path: str) -> bool | None:
        """Return what the last matching line says (False: a negation), None if none matches.

        The path of a folder ends in a slash. What its parents are is not looked at.
        """
        for regex, include in self._rules:
            if regex.fullmatch(path):
                return include
        return None


def _rules(line: str) -> list[tuple[re.Pattern[str], bool]]:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    if line.endswith("/**/"):
        line += "*/"  # means the same, and pathspec then knows it
    pattern = GitIgnoreSpecPattern(line)
    if pattern.regex is None or pattern.include is None:
        return []
    return [(re.compile(_for_whole_path(pattern.regex.pattern)), pattern.include)]


def _for_whole_path(source: str) -> str:
    """Return pathspec's expression, which matches a path's beginning, made to match all of it."""
    if source == ".":
        return ".+"
    if source == _ANY_FOLDER:
        return ".+/"
    return source + ".+" if source.endswith("/") else source
