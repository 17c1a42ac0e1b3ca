"""The ids of attachments: others each time that a mail is asked for, and all good for a while."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from tests.emulators.gmail.errors import bad_argument
from tests.emulators.gmail.mails import MARKER, Mail

BEGIN = "ANGjdJ"


@dataclass
class Attachments:
    """`_issued` are the secrets that ids hold, each for one answer."""

    _issued: set[str] = field(default_factory=set)

    def issue(self, told: bytes, mail: Mail) -> bytes:
        """The JSON of a mail, with ids in the place of the numbers of its attachments."""
        if not mail.tree.attachments:
            return told
        salt = secrets.token_hex(8)
        self._issued.add(salt)
        for number in range(len(mail.tree.attachments)):
            plain = f"{salt}.{mail.id}.{number}.".ljust(240, "-")
            made = BEGIN + urlsafe_b64encode(plain.encode()).decode().rstrip("=")
            # With the quotes around it, for 1 is no beginning of 10.
            told = told.replace(f'"{MARKER}{number}"'.encode(), f'"{made}"'.encode())
        return told

    def find(self, attachment: str, mail: Mail) -> bytes:
        """The bytes; 400 where the id was never given out, is too old, or another mail's."""
        try:
            text = urlsafe_b64decode(attachment.removeprefix(BEGIN) + "==").decode()
            salt, owner, number, _ = text.split(".", 3)
        except ValueError:
            raise bad_argument("Invalid attachment token") from None
        if salt not in self._issued or owner != mail.id:
            raise bad_argument("Invalid attachment token")
        return mail.tree.attachments[int(number)]

    def expire(self) -> None:
        self._issued.clear()
