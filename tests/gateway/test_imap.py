"""Mails of an IMAP server go the whole way: search, a flag as a version, and a deletion."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.dovecot import PASSWORD, Dovecot
from tests.gateway.rows import Command
from tests.plugins.accounts import Account, mail

# Dagster itself still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


def test_mails_are_archived_searched_and_deleted(
    dataq: Command, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(dovecot, f"u{uuid.uuid4().hex[:12]}")
    account.add(mail(1), mail(2, "The gauge reads too high."))
    monkeypatch.setenv("POST_PASSWORD", PASSWORD)
    told = account.settings(password="env:POST_PASSWORD").items()
    add = ["sources", "add", "post", "--plugin", "imap"]
    assert dataq(*add, *(f"--config={name}={value}" for name, value in told)).returncode == 0
    assert dataq("run").returncode == 0
    [hit] = json.loads(dataq("search", "reads too high", "-k", "1", "--json").stdout)
    assert dataq("cat", hit["asset_id"]).stdout == mail(2, "The gauge reads too high.").decode()
    account.flag("2", "\\Flagged")
    account.expunge("1")
    assert dataq("run").returncode == 0
    left = json.loads(dataq("search", "gauge", "--json").stdout)
    assert {each["path"].rpartition("/")[2] for each in left} == {"2"}
    query = "select op, metadata['labels'] as labels from raw_post order by sequence"
    rows = json.loads(dataq("sql", query, "--json").stdout)
    assert [(row["op"], row["labels"]) for row in rows] == [
        ("upsert", "[]"),
        ("upsert", "[]"),
        ("upsert", '["flagged"]'),
        ("delete", None),
    ]
    account.close()
