"""What ends a command: one line that says what was wrong, where, and what to do."""

from __future__ import annotations


class CommandFailed(Exception):
    """Stop the command with exit code 1; `do` is the next step for whoever typed it."""

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        """The whole line, without the leading "error:"."""
        place = f" ({self.where})" if self.where else ""
        step = f": {self.do}" if self.do else ""
        return f"{self.what}{place}{step}"


class NotFound(CommandFailed):
    """Look again: the id, name or table asked for is not in this lake."""


class NoHome(CommandFailed):
    """Add a source or set DATAQ_HOME first: there is nothing to read yet."""
