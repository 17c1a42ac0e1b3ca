"""An emulator of Gmail for each test, and a mailbox in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulators.gmail import Gmail, letters, serve
from tests.emulators.gmail.mailboxes import Mailbox
from tests.plugins.gmail.gmailed import USER


@pytest.fixture
def gmail() -> Iterator[Gmail]:
    with serve() as made:
        yield made


@pytest.fixture
def box(gmail: Gmail) -> Mailbox:
    """The user's mailbox, with thirty mails."""
    made = gmail.mailbox(USER)
    made.fill(letters(30))
    return made
