"""Mails of a mailbox go the whole way: threads, search, and a deletion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gateway.rows import Command
from tests.plugins.posts import mail, mbox

# Dagster itself still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


def test_mails_are_archived_searched_and_deleted(dataq: Command, tmp_path: Path) -> None:
    inbox = tmp_path / "Mail" / "Inbox"
    inbox.parent.mkdir()
    reply = mail(2, "The gauge reads too high.", more="In-Reply-To: <1@example.org>\n")
    inbox.write_bytes(mbox(mail(1), reply))
    add = ["sources", "add", "post", "--plugin", "mailboxes", "--config", f"root={inbox.parent}"]
    assert dataq(*add).returncode == 0
    assert dataq("run").returncode == 0
    query = "select message_id, subject, thread_id, mailbox from messages order by message_id"
    one, two = json.loads(dataq("sql", query, "--json").stdout)
    assert (one["message_id"], two["subject"]) == ("1@example.org", "Gauge 2")
    assert one["thread_id"] == two["thread_id"]
    assert one["mailbox"] == "Inbox"
    [hit] = json.loads(dataq("search", "reads too high", "-k", "1", "--json").stdout)
    assert hit["path"] == "Inbox/2@example.org"
    assert dataq("cat", hit["asset_id"]).stdout.encode() == reply
    assert dataq("cat", hit["asset_id"], "--part", "1").stdout.encode() == reply
    refused = dataq("cat", hit["asset_id"], "--part", "2")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no part 2" in refused.stderr
    inbox.write_bytes(mbox(mail(1)))
    assert dataq("run").returncode == 0
    left = json.loads(dataq("search", "gauge", "--json").stdout)
    assert {hit["path"] for hit in left} == {"Inbox/1@example.org"}
