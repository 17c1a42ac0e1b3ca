"""Whatever goes wrong on the way: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import itertools
import json
import threading
import time

import pytest

from dataq_plugins.sdk import SettingError, Unreachable, Window
from dataq_plugins.sources.gmail import waiting
from dataq_plugins.sources.gmail.plugin import Gmail as Plugin
from dataq_plugins.sources.gmail.progress import unpack
from dataq_plugins.sources.gmail.spans import LATEST
from tests.emulators.gmail import READONLY, Gmail
from tests.emulators.gmail.mailboxes import Mailbox
from tests.plugins.gmail.gmailed import USER, Archive, expect_same, plugin, small


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow one another soon."""
    monkeypatch.setattr(waiting, "FIRST_SECONDS", 0.01)


def known(archive: Archive, source: Plugin) -> set[str]:
    """The mails that the state covers."""
    scope = source.config.scope()
    return set(unpack(archive.state, USER, scope).known) if archive.state else set()


def change(box: Mailbox, mails: list[str]) -> None:
    box.delete(mails[0])
    box.trash(mails[1])
    box.modify(mails[2], add=["STARRED"])
    for number in range(7):
        box.add(b"From: a@example.org\nSubject: late %d\n\nlate\n" % number)


def test_breaking_off_anywhere_loses_nothing_and_doubles_nothing(
    gmail: Gmail, box: Mailbox
) -> None:
    """At every item, state and line of the log, of the first sync and of an increment."""
    with plugin(gmail, batch="4", connections="1") as source:
        for most in itertools.count(1):
            archive = Archive()
            archive.extract(source, most=most)
            covered = known(archive, source)
            gmail.forget()
            again = archive.extract(source)
            fetched = gmail.counts().get("messages.get", 0)
            under_way = 4  # of the run that was cut off
            assert fetched <= len(archive.latest) - len(covered) + under_way
            assert covered.isdisjoint(each.source_id for each in again)
            expect_same(archive, box)
            assert set(archive.versions.values()) == {1}
            if not again:
                break
        assert most > len(archive.latest)
        change(box, sorted(archive.latest))
        before, versions = archive.state, dict(archive.latest)
        for most in range(1, 14):
            again = Archive(before, dict(versions), dict.fromkeys(versions, 1))
            again.extract(source, most=most)
            again.extract(source)
            expect_same(again, box)
            assert sorted(again.gone.values()) == ["deleted", "trash"]
            assert max(again.versions.values()) == 2


WIRES = ["reset", "reset-body", "short", "hangup", "truncated", "empty", "html", "stall", "drop"]


@pytest.mark.parametrize("what", [*WIRES, 503, 429])
@pytest.mark.parametrize("method", ["messages.list", "batch", "messages.get", "history.list"])
def test_answers_that_break_are_asked_for_again(
    gmail: Gmail, box: Mailbox, what: str | int, method: str
) -> None:
    archive = Archive()
    gmail.fault(what, method, at=1, times=2)
    with plugin(gmail, batch="10", timeout_seconds="0.2", connections="1") as source:
        archive.extract(source)
    expect_same(archive, box)
    assert archive.sent == len(archive.latest)


def test_parts_that_fail_are_asked_for_again_and_alone(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    gmail.fault(503, "messages.get", at=3, times=3, every=2)
    with plugin(gmail) as source:
        archive.extract(source)
    expect_same(archive, box)
    assert gmail.counts()["batch"] == 3  # the first asks whose mailbox it is
    assert gmail.counts()["messages.get"] == len(archive.latest) + 3


def test_it_waits_as_long_as_it_is_asked_to(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    gmail.fault(429, "messages.get", at=3, retry_after=1)
    with plugin(gmail) as source:
        begun = time.monotonic()
        archive.extract(source)
    assert time.monotonic() - begun >= 1
    expect_same(archive, box)


def test_who_is_asked_to_wait_too_long_comes_again_later(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    gmail.fault(503, "messages.get", at=25, retry_after=3600)
    with plugin(gmail, batch="5", connections="1") as source:
        with pytest.raises(Unreachable, match="wait 3600 s"):
            archive.extract(source)
        assert len(archive.latest) >= 20
        archive.extract(source)
    expect_same(archive, box)
    assert set(archive.versions.values()) == {1}


def test_a_server_that_stalls_for_good_ends_the_run(gmail: Gmail, box: Mailbox) -> None:
    gmail.fault("stall", "batch", times=None)
    more = {"timeout_seconds": "0.1", "patience_seconds": "1"}
    with plugin(gmail, **more) as source:
        begun = time.monotonic()
        with pytest.raises(Unreachable, match="timed out"):
            Archive().extract(source)
    assert time.monotonic() - begun < 10


def test_a_token_that_ends_in_mid_run_is_renewed(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    gmail.hook("batch", 2, lambda call: gmail.advance(4000))
    gmail.hook("messages.get", 25, lambda call: gmail.advance(4000))
    with plugin(gmail, batch="5") as source:
        archive.extract(source)
    expect_same(archive, box)
    assert gmail.counts()["token"] >= 3
    assert archive.sent == len(archive.latest)


def test_a_token_that_is_revoked_in_mid_run_says_what_to_do(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    gmail.hook("batch", 4, lambda call: gmail.revoke(USER))
    told = pytest.raises(SettingError, match=r"invalid_grant.*dataq sources auth")
    with plugin(gmail, batch="5", connections="1") as source, told as error:
        archive.extract(source)
    assert error.value.setting == "token"
    assert len(archive.latest) >= 10
    with plugin(gmail) as source:
        archive.extract(source)
    expect_same(archive, box)
    assert set(archive.versions.values()) == {1}


def test_a_token_without_the_scope_says_what_to_do(gmail: Gmail, box: Mailbox) -> None:
    token = json.dumps(gmail.authorized_user(USER, "https://www.googleapis.com/auth/gmail.labels"))
    with plugin(gmail, token=token) as source, pytest.raises(SettingError, match=READONLY):
        source.check()


def test_mails_that_come_and_go_while_it_reads(gmail: Gmail, box: Mailbox) -> None:
    """Also where lists are cut by number, so that a mail that goes moves another past the page."""
    gmail.shift_pages()
    box.fill(small(1_200))
    newest = box.ids()[:20]
    gmail.hook("messages.list", 2, lambda call: [box.delete(each) for each in newest])
    gmail.hook("messages.list", 3, lambda call: change(box, box.ids()[:5]))
    gmail.hook("batch", 2, lambda call: change(box, box.ids()[5:10]))
    gmail.hook("history.list", 1, lambda call: change(box, box.ids()[10:15]), after=True)
    archive = Archive()
    with plugin(gmail) as source:
        archive.extract(source)
        archive.extract(source)
    expect_same(archive, box)


def test_what_happens_between_two_pages_of_history(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    with plugin(gmail) as source:
        archive.extract(source)
        kept = sorted(archive.latest)
        for number in range(700):
            box.modify(kept[number % 9], **{"add" if number // 9 % 2 else "remove": ["STARRED"]})
            box.modify(kept[number % 9], **{"remove" if number // 9 % 2 else "add": ["IMPORTANT"]})
        gmail.hook("history.list", 3, lambda call: change(box, kept[10:]))
        archive.extract(source)
        archive.extract(source)
    expect_same(archive, box)


def test_pages_that_can_no_longer_be_had_begin_anew(gmail: Gmail, box: Mailbox) -> None:
    box.fill(small(600))
    gmail.hook("messages.list", 2, lambda call: gmail.expire_pages())
    archive = Archive()
    with plugin(gmail) as source:
        archive.extract(source)
        for each in sorted(archive.latest):
            box.modify(each, add=["STARRED"])
        gmail.hook("history.list", 2, lambda call: gmail.expire_pages())
        archive.extract(source)
    expect_same(archive, box)


def test_history_that_has_expired_leads_to_a_comparison(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    box.fill(small(300))
    with plugin(gmail) as source:
        archive.extract(source)
        known = len(archive.latest)
        change(box, sorted(archive.latest))
        box.expire_history()
        gmail.forget()
        archive.extract(source)
        expect_same(archive, box)
        warned = [each.message for each in archive.logs if each.level == "warning"]
        assert len(warned) == 1
        assert f"{known:,} known mails are compared" in warned[0]
        # 7 new ones, a label; 2 that are missing are looked for
        assert gmail.counts()["messages.get"] == 10
        assert sorted(archive.gone.values()) == ["deleted", "trash"]
        gmail.forget()
        assert archive.extract(source) == []
        assert "messages.list" not in gmail.counts()


def test_history_that_expires_once_more_while_it_is_compared(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    with plugin(gmail) as source:
        archive.extract(source)
        change(box, sorted(archive.latest))
        box.expire_history()
        gmail.hook("batch", 1, lambda call: box.expire_history())
        archive.extract(source)
    expect_same(archive, box)


def test_two_workers_on_one_account(gmail: Gmail, box: Mailbox) -> None:
    """Each has its own state; both are throttled, and both have everything in the end."""
    gmail.quota(user_units=2_000, burst=0.1)
    archives = [Archive(), Archive()]

    def work(archive: Archive) -> None:
        with plugin(gmail, units_per_second="2000") as source:
            archive.extract(source)

    threads = [threading.Thread(target=work, args=[each]) for each in archives]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for archive in archives:
        expect_same(archive, box)
        assert set(archive.versions.values()) == {1}


def test_an_outage_ends_well(gmail: Gmail, box: Mailbox) -> None:
    archive = Archive()
    with plugin(gmail, batch="5", patience_seconds="30") as source:
        gmail.hook("batch", 2, lambda call: threading.Thread(target=away, args=[gmail]).start())
        archive.extract(source)
    expect_same(archive, box)


def away(gmail: Gmail) -> None:
    gmail.stop()
    time.sleep(0.3)
    gmail.start()


def test_a_run_that_ends_before_it_is_sure_looks_again(
    gmail: Gmail, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail that lists passed over is found by the next run, though nothing happened since."""
    monkeypatch.setattr("dataq_plugins.sources.gmail.progress.MOST_OF_THE_TIME", 0)
    gmail.shift_pages()
    box.fill(small(1_200))
    newest = box.ids()[:120]
    gmail.hook("messages.list", 2, lambda call: [box.delete(each) for each in newest])

    def break_second_batch(call: dict[str, object]) -> None:
        gmail.fault(403, "batch", at=2, times=None, reason="forbidden")

    gmail.hook("history.list", 1, break_second_batch, after=True)
    archive = Archive()
    with plugin(gmail, batch="50", connections="1") as source:
        with pytest.raises(SettingError):
            archive.extract(source)
        gmail.mend()
        missing = set(box.ids()) - set(archive.latest) - {*box.ids()[1_100:]}
        assert len(missing) >= 50
        assert not source.discover(archive.state, "monthly").complete
        archive.extract(source)
    expect_same(archive, box)


def test_a_comparison_of_one_window_leaves_the_others_to_be_done(
    gmail: Gmail, box: Mailbox
) -> None:
    archive = Archive()
    old = box.add(b"From: a@example.org\n\nold\n", date=1_500_000_000_000)
    with plugin(gmail) as source:
        archive.extract(source)
        box.delete(old)
        change(box, sorted(archive.latest)[1:])
        box.expire_history()
        archive.extract(source, Window(1_600_000_000, LATEST))
        assert old in archive.latest
        assert not source.discover(archive.state, "monthly").complete
        archive.extract(source)
    expect_same(archive, box)
    assert archive.gone[old] == "deleted"


def test_a_mailbox_that_is_switched_off_puts_nothing_into_quarantine(
    gmail: Gmail, box: Mailbox
) -> None:
    archive = Archive()
    gmail.fault(400, "messages.get", reason="failedPrecondition", at=5, times=None)
    with plugin(gmail) as source, pytest.raises(SettingError, match="no mailbox"):
        archive.extract(source)
    assert not any(item.problem for item in archive.latest.values())


def test_lists_that_shift_after_a_first_window_are_looked_at_again(
    gmail: Gmail, box: Mailbox
) -> None:
    """What was heard before a list says nothing of what happened during it."""
    gmail.shift_pages()
    box.fill(small(1_200))
    archive = Archive()
    with plugin(gmail) as source:
        archive.extract(source, Window(LATEST - 10, LATEST))
        newest = box.ids()[:20]
        gmail.hook("messages.list", 2, lambda call: [box.delete(each) for each in newest])
        archive.extract(source)
    expect_same(archive, box)


def test_pages_may_be_thin_or_empty_and_answers_packed(gmail: Gmail, box: Mailbox) -> None:
    gmail.thin_pages()
    gmail.pack()
    box.fill(small(700))
    archive = Archive()
    with plugin(gmail) as source:
        first = list(source.discover(None, "monthly").windows)
        archive.extract(source, Window(first[0].start, LATEST))
        expect_same(archive, box)
        change(box, sorted(archive.latest))
        archive.extract(source)
        expect_same(archive, box)
        box.expire_history()
        archive.extract(source)
    expect_same(archive, box)
