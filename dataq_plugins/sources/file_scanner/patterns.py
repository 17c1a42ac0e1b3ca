"""Patterns in gitignore syntax, each path judged by itself, as git does on its way down a tree."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Patterns:
    """Lines of a .gitignore file; raises ValueError naming the first that is none.

    pathspec makes the expressions. Its own verdict looks at whole paths at once, and differs
    from git's where a negation and a folder meet; a walk need not guess, as it knows what is a
    folder and never goes into one that is left out.
    """

    def __init__(self, lines: Iterable[str], *, lenient: bool = False) -> None:
        from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

        self._rules: list[tuple[re.Pattern[str], bool]] = []
        for line in lines:
            try:
                pattern = GitIgnoreSpecPattern(line)
            except ValueError:
                if lenient:
                    continue
                raise ValueError(f"{line!r} is not a pattern in gitignore syntax") from None
            if pattern.regex is not None and pattern.include is not None:
                self._rules.append((pattern.regex, pattern.include))
        self._rules.reverse()

    def verdict(self, path: str) -> bool | None:
        """Return what the last matching line says (False: a negation), None if none matches.

        The path of a folder ends in a slash. What its parents are is not looked at.
        """
        for regex, include in self._rules:
            if regex.fullmatch(path):
                return include
        return None
