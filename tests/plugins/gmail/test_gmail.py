"""Mails of a Gmail account arrive once, change by version, go by deletion."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dataq_plugins.conformance import assert_conforms
from dataq_plugins.sdk import SettingError, Window
from dataq_plugins.sources.gmail.plugin import Gmail as Plugin
from dataq_plugins.sources.gmail.spans import EVER
from tests.emulators.gmail import Gmail
from tests.emulators.gmail.mailboxes import Mailbox
from tests.plugins.gmail.gmailed import ARGV, USER, Archive, config, expect_same, plugin


@pytest.fixture
def source(gmail: Gmail, box: Mailbox) -> Iterator[Plugin]:
    with plugin(gmail) as made:
        yield made


def seconds(year: int, month: int = 1) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())


def new_mail(box: Mailbox, when: int, subject: str = "new") -> str:
    return box.add(f"From: a@example.org\nSubject: {subject}\n\nnew\n".encode(), date=when * 1000)


def test_it_conforms(gmail: Gmail, box: Mailbox) -> None:
    box.add(b"From: a@example.org\nSubject: big\n\n" + b"x" * 70_000)
    assert_conforms(ARGV, config(gmail))


def test_a_first_sync_brings_every_mail_as_it_is(source: Plugin, box: Mailbox) -> None:
    archive = Archive()
    items = archive.extract(source)
    expect_same(archive, box)
    assert archive.sent == len(archive.latest) < 30
    one = items[0]
    state = box.state(one.source_id)
    assert one.timestamp_ns == int(state["internalDate"]) * 1_000_000
    assert one.content_type == "message/rfc822"
    assert one.metadata is not None
    assert one.metadata["gmail.thread_id"] == state["threadId"]
    assert one.metadata["gmail.message_id"] == one.source_id


def test_changes_come_by_history(gmail: Gmail, box: Mailbox, source: Plugin) -> None:
    archive = Archive()
    archive.extract(source)
    assert archive.extract(source) == []
    kept = sorted(archive.latest)
    new = new_mail(box, seconds(2020))
    box.modify(kept[0], add=[box.label("Work")])
    box.delete(kept[1])
    box.trash(kept[2])
    gmail.forget()
    items = archive.extract(source)
    assert {(each.op, each.source_id) for each in items} == {
        ("upsert", new),
        ("upsert", kept[0]),
        ("delete", kept[1]),
        ("delete", kept[2]),
    }
    expect_same(archive, box)
    assert archive.gone == {kept[1]: "deleted", kept[2]: "trash"}
    assert gmail.counts()["history.list"] == 1
    assert gmail.counts()["messages.get"] == 3
    box.untrash(kept[2])
    archive.extract(source)
    expect_same(archive, box)
    assert archive.versions[kept[2]] == 3


def test_a_change_of_the_history_id_alone_is_no_version(box: Mailbox, source: Plugin) -> None:
    archive = Archive()
    archive.extract(source)
    one = min(archive.latest)
    box.modify(one, add=["STARRED"])
    box.modify(one, remove=["STARRED"])
    assert archive.extract(source) == []
    assert len(archive.extract(source, full=True)) == len(archive.latest)
    assert set(archive.versions.values()) == {1}


def test_labels_that_are_ignored_make_no_version(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    with plugin(gmail, ignore_labels='["UNREAD"]') as source:
        archive.extract(source)
        one = min(archive.latest)
        for act in ("add", "remove"):
            box.modify(one, **{act: ["UNREAD"]})
        gmail.forget()
        assert archive.extract(source) == []
        assert "messages.get" not in gmail.counts()
        assert not any("UNREAD" in archive.labels(each) for each in archive.latest)


def test_windows_come_one_by_one_in_any_order(gmail: Gmail, box: Mailbox, source: Plugin) -> None:
    for year in (2019, 2021, 2022):
        new_mail(box, seconds(year) + 5)
    archive = Archive()
    found = list(source.discover(None, "yearly").windows)
    assert found[0].start == seconds(2019)
    for window in reversed(found):
        items = archive.extract(source, window)
        assert all((each.timestamp_ns or 0) // 10**9 in window for each in items)
    whole = Window(*EVER)
    assert archive.extract(source, whole) == []
    expect_same(archive, box)
    assert set(archive.versions.values()) == {1}


def test_a_change_outside_the_window_waits_for_its_own(box: Mailbox, source: Plugin) -> None:
    old, late = new_mail(box, seconds(2019)), new_mail(box, seconds(2022))
    archive = Archive()
    archive.extract(source)
    for each in (old, late):
        box.modify(each, add=["STARRED"])
    new = new_mail(box, seconds(2020))
    first = archive.extract(source, Window(seconds(2022), seconds(2023)))
    assert [each.source_id for each in first] == [late]
    again = archive.extract(source, Window(seconds(2022), seconds(2023)))
    assert again == []
    rest = archive.extract(source, Window(*EVER))
    assert {each.source_id for each in rest} == {old, new}
    expect_same(archive, box)


def test_discover_tells_which_windows_changed(gmail: Gmail, box: Mailbox, source: Plugin) -> None:
    old = new_mail(box, seconds(2019, 3) + 5)
    archive = Archive()
    first = source.discover(None, "monthly")
    assert first.complete
    windows = list(first.windows)
    assert windows[0] == Window(seconds(2019, 3), seconds(2019, 4))
    archive.extract(source, Window(windows[0].start, EVER[1]))
    nothing = source.discover(archive.state, "monthly")
    assert (list(nothing.windows), nothing.complete) == ([], True)
    gmail.forget()
    box.modify(old, add=["STARRED"])
    found = source.discover(archive.state, "monthly")
    assert [(each.start, each.end) for each in found.windows] == [
        (windows[0].start, windows[0].end)
    ]
    assert gmail.requests() == 1
    new_mail(box, seconds(2010))
    assert not source.discover(archive.state, "monthly").complete


def test_an_empty_mailbox_has_nothing(gmail: Gmail) -> None:
    gmail.mailbox(USER)
    archive = Archive()
    with plugin(gmail) as source:
        found = source.discover(None, "monthly")
        assert (list(found.windows), found.complete) == ([], True)
        assert archive.extract(source) == []
        box = gmail.mailbox(USER)
        new_mail(box, seconds(2020))
        archive.extract(source)
    expect_same(archive, box)


def test_spam_and_trash_are_taken_if_asked_for(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    with plugin(gmail, spam_trash="true") as source:
        archive.extract(source)
        expect_same(archive, box, aside=())
        assert len(archive.latest) == 30
        box.trash(max(archive.latest))
        archive.extract(source)
        expect_same(archive, box, aside=())


def test_only_mails_with_a_label_are_taken_and_then_followed(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    box.label("Work")
    with plugin(gmail, labels='["work", "SENT"]') as source:
        archive.extract(source)
        assert {bool({"Work", "SENT"} & set(archive.labels(e))) for e in archive.latest} == {True}
        inbox = next(e for e in box.ids() if "INBOX" in box.state(e)["labelIds"])
        assert inbox not in archive.latest
        box.modify(inbox, add=[box.label("Work")])
        new_mail(box, seconds(2020))
        items = archive.extract(source)
        assert [each.source_id for each in items] == [inbox]
        box.modify(inbox, remove=[box.label("Work")])
        [left] = archive.extract(source)
        assert (left.op, left.source_id) == ("upsert", inbox)


def test_a_query_decides_what_is_taken(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    wanted = new_mail(box, seconds(2020), "zebra")
    with plugin(gmail, query="subject:zebra OR subject:quokka") as source:
        archive.extract(source)
        assert set(archive.latest) == {wanted}
        other = new_mail(box, seconds(2021), "quokka")
        new_mail(box, seconds(2021), "crane")
        assert [each.source_id for each in archive.extract(source)] == [other]


def test_a_label_that_is_not_there_is_an_error(gmail: Gmail, box: Mailbox) -> None:
    with plugin(gmail, labels='["Wrok"]') as source, pytest.raises(SettingError, match="Wrok"):
        Archive().extract(source)


def test_settings_that_changed_lose_nothing(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    with plugin(gmail, labels='["SENT"]') as source:
        archive.extract(source)
        before = set(archive.latest)
    with plugin(gmail) as source:
        assert not source.discover(archive.state, "monthly").complete
        items = archive.extract(source)
    assert before.isdisjoint(each.source_id for each in items)
    expect_same(archive, box)
    assert set(archive.versions.values()) == {1}


def test_the_state_of_another_account_is_not_used(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    with plugin(gmail) as source:
        archive.extract(source)
    other = gmail.mailbox("ben@example.org")
    mine = new_mail(other, seconds(2020))
    token = json.dumps(gmail.authorized_user("ben@example.org"))
    with plugin(gmail, account="ben@example.org", token=token) as source:
        items = archive.extract(source)
    assert [(each.op, each.source_id) for each in items] == [("upsert", mine)]
    assert any("it is of ana@example.org" in each.message for each in archive.logs)


def test_a_token_of_another_account_is_refused(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    with plugin(gmail) as source:
        archive.extract(source)
    gmail.mailbox("ben@example.org")
    token = json.dumps(gmail.authorized_user("ben@example.org"))
    with plugin(gmail, token=token) as source, pytest.raises(SettingError, match="ben@") as error:
        archive.extract(source)
    assert error.value.setting == "account"
    expect_same(archive, box)


def test_mails_over_the_limit_are_recorded_with_the_reason(gmail: Gmail, box: Mailbox) -> None:
    big = box.add(b"From: a@example.org\n\n" + b"x" * 5_000)
    archive = Archive()
    with plugin(gmail, max_bytes="4000") as source:
        archive.extract(source)
        assert archive.latest[big].problem.startswith("too_large")
        assert archive.latest[big].content == b""
        assert archive.extract(source) == []


@pytest.mark.parametrize("form", ["full", "metadata", "minimal"])
def test_gmails_own_structure_is_told_and_stays_the_same(
    gmail: Gmail, box: Mailbox, form: str
) -> None:
    archive = Archive()
    with plugin(gmail, format=form) as source:
        archive.extract(source)
        gmail.expire_attachments()
        assert archive.extract(source, full=True)
    assert set(archive.versions.values()) == {1}
    for message, item in archive.latest.items():
        told = json.loads(bytes(item.content))  # type: ignore[arg-type]
        assert told["id"] == message
        assert "historyId" not in told
        assert ("payload" in told) == (form != "minimal")
        assert "attachmentId" not in json.dumps(told)
    if form == "full":
        assert any(b'"filename":"gr' in bytes(item.content) for item in archive.latest.values())  # type: ignore[arg-type]
