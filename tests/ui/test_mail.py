"""A year of mail in Dagster's pages: its months are partitions, and a month can be had again."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, write_source
from dataq_resources.triggers import ChangesSetting
from docs.browser import browser, program
from tests.assets.daemon import serving
from tests.conftest import absent
from tests.plugins.posts import mail, mbox
from tests.ui.screen import Screen, kept

MONTHS = [f"2024-{month:02}" for month in range(1, 13)]


def letter(number: int) -> bytes:
    """The mail of one month."""
    date = format_datetime(datetime(2024, number, 15, 12, tzinfo=UTC))
    return mail(number, f"The gauge reads {number}.", date)


@pytest.mark.heavy
def test_the_months_of_a_year_of_mail(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if program() is None:
        absent("browser", "there is no Chromium on PATH")
    place = Home(home)
    place.prepare()
    inbox = tmp_path / "Mail" / "Inbox"
    inbox.parent.mkdir()
    inbox.write_bytes(mbox(*map(letter, range(1, 13))))
    source = SourceConfig(
        name="mail",
        plugin="mailboxes",
        config={"root": str(inbox.parent)},
        since="2024-01-01",
        changes=ChangesSetting(every=5),
    )
    write_source(place, source)
    with (
        serving(place.path, tmp_path / "dev.log", monkeypatch) as daemon,
        browser() as page,
        kept(screen := Screen(page, daemon.url), tmp_path),
    ):
        daemon.eventually(lambda: daemon.runs("raw_mail"))
        screen.open("/assets/raw_mail?view=partitions")
        seen = screen.comes_to_show("Materialized (12)", "2024-01", "2024-12")
        assert "Failed (0)" in seen or "Failed" not in seen
        messages = open_lake(place.lake).table("messages")
        daemon.eventually(lambda: messages.count() == 12)
        screen.open("/assets/messages", "who wrote what to whom", "thread_id")
