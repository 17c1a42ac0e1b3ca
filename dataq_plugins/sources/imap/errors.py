"""What can go wrong with a server, named by what to do about it."""

from __future__ import annotations


class Lost(Exception):
    """The connection is gone, or nothing comes: another one may do better."""


class Broken(Lost):
    """What the server says is not IMAP, or more than anybody needs: nothing of it is believed."""


class Refused(Exception):
    """The server said no to one command; `code` is what it gives as the reason, in capitals."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code
