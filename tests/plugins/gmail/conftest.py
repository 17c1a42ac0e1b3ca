"""A mailbox in the Gmail of each test."""

from __future__ import annotations

import pytest

from tests.emulators.gmail import Gmail, letters
from tests.emulators.gmail.mailboxes import Mailbox
from tests.plugins.gmail.gmailed import USER


@pytest.fixture
def box(gmail: Gmail) -> Mailbox:
    """The user's mailbox, with thirty mails."""
    made = gmail.mailbox(USER)
    made.fill(letters(30))
    return made
