"""A mailbox in the Gmail of each test, and a plain HTTP client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulators.client import Client
from tests.emulators.gmail import Gmail
from tests.emulators.gmail.mailboxes import Mailbox

USER = "ana@example.org"


@pytest.fixture
def box(gmail: Gmail) -> Mailbox:
    return gmail.mailbox(USER)


@pytest.fixture
def client(gmail: Gmail, box: Mailbox) -> Iterator[Client]:
    """Asks for the user with a good token."""
    made = Client(gmail.url(), gmail.access_token(USER))
    yield made
    made.close()
