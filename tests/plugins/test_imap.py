"""Mails of a real server arrive once, change by version, go by deletion; nothing is marked read."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from dataq_plugins.conformance import assert_conforms
from dataq_plugins.conformance.session import HashingSink
from dataq_plugins.errors import ConfigError, SourceUnreachable
from dataq_plugins.host import Limits, PluginProcess, PluginSpec, Window
from tests.conftest import absent
from tests.dovecot import Dovecot, dovecots
from tests.plugins.accounts import ARGV, JUNE, MAY, Account, labels, mail, short, told

BASIC = "IMAP4rev1 LITERAL+ UNSELECT UIDPLUS"
"""A server of long ago: no CONDSTORE, no LIST-STATUS, no NAMESPACE, no SASL-IR."""


@pytest.fixture(scope="session")
def old_dovecot() -> Iterator[Dovecot]:
    with dovecots(absent) as start:
        yield start(capability=BASIC)


@pytest.fixture(scope="session")
def half_dovecot() -> Iterator[Dovecot]:
    with dovecots(absent) as start:
        yield start(capability=f"{BASIC} CONDSTORE ENABLE NAMESPACE")


@pytest.fixture
def account_on() -> Iterator[Callable[[Dovecot], Account]]:
    made = []

    def make(server: Dovecot) -> Account:
        made.append(Account(server, f"u{uuid.uuid4().hex[:12]}"))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def account(dovecot: Dovecot, account_on: Callable[[Dovecot], Account]) -> Account:
    return account_on(dovecot)


@pytest.fixture(params=["dovecot", "half_dovecot", "old_dovecot"])
def any_account(
    request: pytest.FixtureRequest, account_on: Callable[[Dovecot], Account]
) -> Account:
    """One with QRESYNC, with CONDSTORE alone, with neither."""
    return account_on(request.getfixturevalue(request.param))


def test_it_conforms(account: Account) -> None:
    account.add(mail(1), mail(2, "x" * 200_000))
    account.add(mail(3), at=JUNE)
    assert_conforms(ARGV, account.settings())


def test_mails_arrive_as_they_are(any_account: Account) -> None:
    any_account.add(mail(1), flags="(\\Seen \\Flagged project)")
    any_account.create("Lists/&BD8EQAQ4-")
    any_account.add(mail(2), box="Lists/&BD8EQAQ4-", at=JUNE)
    with any_account.archived() as post:
        items = post.extract()
    assert {short(name): content for name, content in post.files.items()} == {
        "INBOX/1": mail(1),
        "Lists/при/1": mail(2),
    }
    first, second = items
    assert first.timestamp_us == int(MAY.timestamp()) * 1_000_000
    _, validity, uid = first.source_id.split("/")
    assert dict(first.metadata) == {
        "mailbox": "INBOX",
        "labels": '["flagged", "project", "seen"]',
        "internal_date": "2026-05-19T08:30:00+00:00",
        "uid": uid,
        "uidvalidity": validity,
    }
    assert second.metadata["mailbox"] == "Lists/при"
    assert second.metadata["labels"] == "[]"


def test_reading_leaves_no_trace(account: Account) -> None:
    account.add(mail(1), mail(2, "x" * 3_000_000))
    with account.archived() as post:
        post.extract()
    account.session.select("INBOX", readonly=True)
    for mark in ("UNSEEN", "RECENT"):
        _, found = account.session.uid("search", mark)
        assert found == [b"1 2"], mark


def test_only_what_changed_is_sent_again(any_account: Account) -> None:
    any_account.add(*map(mail, range(1, 7)))
    with any_account.archived() as post:
        assert len(post.sync()) == 6
        assert post.windows() == []
        assert post.extract() == []
        any_account.add(mail(7))
        any_account.flag("2", "\\Seen later")
        any_account.flag("3", "\\Answered")
        any_account.expunge("4:5")
        assert [window.items for window in post.windows()] == [5]
        changed = post.sync()
        assert sorted(told(changed)) == [
            ("delete", "INBOX/4"),
            ("delete", "INBOX/5"),
            ("upsert", "INBOX/2"),
            ("upsert", "INBOX/3"),
            ("upsert", "INBOX/7"),
        ]
        marks = labels([item for item in changed if item.op == "upsert"])
        assert marks == {"INBOX/2": ["later", "seen"], "INBOX/3": ["answered"], "INBOX/7": []}
        assert post.windows() == []
        any_account.flag("2", "\\Seen", how="-")
        assert told(post.sync()) == [("upsert", "INBOX/2")]


def test_windows_are_those_in_which_mails_arrived(account: Account) -> None:
    account.add(mail(1))
    account.add(mail(2), at=JUNE)
    with account.archived() as post:
        may, june = post.windows()
        assert told(post.extract(may)) == [("upsert", "INBOX/1")]
        assert post.windows() == [june]
        account.expunge("1")
        assert post.windows() == [may, june]
        assert told(post.extract(june)) == [("upsert", "INBOX/2")]
        assert post.windows() == [may]
        assert told(post.extract(may)) == [("delete", "INBOX/1")]
        assert post.windows() == []


def test_a_mailbox_that_is_gone_deletes_its_mails(account: Account) -> None:
    account.add(mail(1))
    account.create("Old")
    account.add(mail(2), mail(3), box="Old")
    with account.archived() as post:
        post.sync()
        account.delete("Old")
        assert sorted(told(post.sync())) == [("delete", "Old/1"), ("delete", "Old/2")]
        assert post.windows() == []


def test_what_is_left_out_is_not_missed_where_the_rest_is_empty(account: Account) -> None:
    account.add(mail(1), box="Junk")
    with account.archived() as post:
        post.sync()
    with account.archived(skip=["junk"]) as other:
        other.state = post.state
        assert other.sync() == []


def test_a_mailbox_that_is_left_out_deletes_nothing(account: Account) -> None:
    account.add(mail(1))
    account.add(mail(2), box="Junk")
    with account.archived() as post:
        assert sorted(told(post.sync())) == [("upsert", "INBOX/1"), ("upsert", "Junk/1")]
    for values in ({"skip": ["junk"]}, {"exclude": ["Junk"]}, {"include": ["INBOX"]}):
        with account.archived(**values) as other:
            other.state = post.state
            assert other.windows() == []
            assert other.extract() == []


def test_patterns_say_which_mailboxes(account: Account) -> None:
    for box in ("Lists", "Lists/dev", "Lists/dev/old", "Work"):
        account.create(box)
        account.add(mail(1), box=box)
    with account.archived(include=["Lists"], exclude=["Lists/dev"]) as post:
        assert told(post.extract()) == [("upsert", "Lists/1")]


def test_namespaces_of_others_are_looked_into_if_asked_for(
    account_on: Callable[[Dovecot], Account],
) -> None:
    with dovecots(absent) as start:
        account = account_on(start(prefix="INBOX.", separator=".", shared="Public."))
        account.add(mail(1))
        for number, box in enumerate(("INBOX.Work.old", "Public.news"), 2):
            account.create(box)
            account.add(mail(number), box=box)
        with account.archived() as post:
            assert told(post.sync()) == [("upsert", "INBOX/1"), ("upsert", "INBOX/Work/old/1")]
        both = ["personal", "shared"]
        with account.archived(namespaces=both, exclude=["INBOX/Work"]) as wide:
            wide.state = post.state
            assert told(wide.sync()) == [("upsert", "Public/news/1")]
        with account.archived() as narrow:
            narrow.state = wide.state
            assert narrow.sync() == []
        account.close()


def test_an_account_without_any_mail_is_not_believed(account: Account) -> None:
    account.add(mail(1))
    with account.archived() as post:
        post.sync()
        account.expunge("1")
        with pytest.raises(SourceUnreachable, match="had mails and has none at all"):
            post.windows()
        with pytest.raises(SourceUnreachable, match="allow_empty"):
            post.extract()
    with account.archived(allow_empty=True) as believing:
        believing.state = post.state
        assert told(believing.sync()) == [("delete", "INBOX/1")]


def test_another_uidvalidity_makes_no_doubles(any_account: Account) -> None:
    any_account.add(mail(1), mail(2), mail(3), mail(2))
    any_account.add(mail(4, "x" * 2_000_000))
    with any_account.archived() as post:
        first = post.sync()
        names = {item.source_id: item for item in first}
        any_account.expunge("1")
        any_account.renumber()
        any_account.add(mail(5))
        any_account.flag("2", "\\Flagged")
        again = post.sync()
        by_op = sorted((item.op, item.source_id in names) for item in again)
        assert by_op == [("delete", True), ("upsert", False), ("upsert", True)]
        gone, flagged, new = sorted(again, key=lambda each: (each.op, each.source_id not in names))
        assert short(gone.source_id) == "INBOX/1"
        assert labels([flagged]) == {short(flagged.source_id): ["flagged"]}
        assert post.files[new.source_id] == mail(5)
        assert sorted(post.files.values()) == sorted(
            [mail(2), mail(2), mail(3), mail(4, "x" * 2_000_000), mail(5)]
        )
        assert post.windows() == []
        any_account.renumber()
        assert post.sync() == []
        assert post.windows() == []


def test_a_resync_of_two_windows_makes_no_doubles(account: Account) -> None:
    account.add(mail(1), mail(2))
    account.add(mail(3), mail(4), at=JUNE)
    with account.archived() as post:
        names = {item.source_id for item in post.sync()}
        account.expunge("2,4")
        account.renumber()
        may, june = post.windows()
        assert post.extract(june) == []
        assert told(post.extract(may)) == [("delete", "INBOX/2")]
        assert post.windows() == [june]
        assert told(post.sync()) == [("delete", "INBOX/4")]
        assert post.windows() == []
    assert set(post.files) < names
    assert sorted(post.files.values()) == [mail(1), mail(3)]


def test_a_server_that_goes_back_to_an_earlier_uidvalidity(account: Account) -> None:
    account.add(mail(1), mail(2))
    with account.archived() as post:
        post.sync()
        account.expunge("1")
        account.renumber()
        assert told(post.sync()) == [("delete", "INBOX/1")]
        account.expunge("1")
        account.add(mail(3), mail(2), mail(4))
        account.renumber(step=-1)
        post.sync()
        assert sorted(post.files.values()) == [mail(2), mail(3), mail(4)]
        assert post.windows() == []


def test_full_sends_everything_under_the_same_ids(account: Account) -> None:
    account.add(mail(1), mail(2))
    with account.archived() as post:
        first = post.sync()
        account.renumber()
        assert post.sync() == []
        again = post.extract(full=True)
    assert {item.source_id: item.metadata for item in first} == {
        item.source_id: item.metadata for item in again
    }


def test_a_big_mail_is_read_in_pieces(account: Account) -> None:
    big = mail(1, "0123456789" * 1_500_000)
    account.add(big, mail(2))
    with account.archived() as post:
        items = [item for batch in post.process.extract() for item in batch.items]
    assert {short(each.source_id): each.size for each in items} == {
        "INBOX/1": len(big),
        "INBOX/2": len(mail(2)),
    }


@pytest.mark.slow
def test_memory_is_bounded_however_big_a_mail_is(account: Account) -> None:
    account.add(mail(1))
    [folder] = account.server.folder.glob(f"mail/{account.user}/cur")
    line = b"0123456789" * 7 + b"\r\n"
    path = folder / "1779179400.1.big:2,"
    path.write_bytes(b"Subject: big\r\n\r\n" + line * (150_000_000 // len(line)))
    spec = PluginSpec("post", ARGV, account.settings(), limits=Limits(memory_bytes=120 << 20))
    with PluginProcess(spec) as process:
        sizes = [i.size for b in process.extract(blobs=HashingSink()) for i in b.items]
    assert max(sizes) > 149_000_000


def test_a_mail_over_the_bound_is_a_problem(account: Account) -> None:
    account.add(mail(1, "x" * 5_000), mail(2))
    with account.archived(max_bytes=4_000) as post:
        post.sync()
        assert {short(each): why for each, why in post.problems.items()} == {
            "INBOX/1": f"too_large: {len(mail(1, 'x' * 5_000)):,} bytes are more than max_bytes"
        }
        assert post.windows() == []


def test_starttls_and_plain_text(account: Account) -> None:
    account.add(mail(1))
    for values in ({"tls": "starttls"}, {"tls": "none"}):
        with account.archived(port=account.server.port, **values) as post:
            assert told(post.extract()) == [("upsert", "INBOX/1")]


@pytest.mark.parametrize(
    ("values", "setting", "text"),
    [
        ({"password": "wrong"}, "password", "does not let"),
        ({"password": ""}, "password", "is needed"),
        ({"ca_file": ""}, "ca_file", "is not trusted: self-signed"),
        ({"ca_file": "/nowhere.pem"}, "ca_file", "has no certificates"),
        ({"host": "127.0.0.1"}, "ca_file", "127.0.0.1"),
        ({"allow_private": False}, "allow_private", "of this machine or a private network"),
        ({"skip": ["spam"]}, "skip", "there are: all, archive"),
        ({"exclude": ["!"]}, "exclude", "is not a pattern"),
        ({"auth": "xoauth2"}, "token", "is needed"),
        ({"auth": "xoauth2", "token": "abc"}, "auth", "does not offer XOAUTH2"),
        (
            {"auth": "xoauth2", "refresh_token": "a", "client_id": "b", "token_url": "http://a.b/"},
            "token_url",
            "https://host/path",
        ),
    ],
)
def test_what_is_wrong_is_said_by_its_setting(
    account: Account, values: dict[str, object], setting: str, text: str
) -> None:
    with account.archived(**values) as post, pytest.raises(ConfigError, match=text) as caught:
        post.process.check()
    assert caught.value.setting == setting


def test_nobody_there_is_worth_another_try(account: Account) -> None:
    with account.archived(port=9) as post, pytest.raises(SourceUnreachable, match="refused"):
        post.process.check()


def test_the_state_of_another_user_is_not_used(account: Account) -> None:
    account.add(mail(1))
    with account.archived() as post:
        post.sync()
    other = Account(account.server, f"{account.user}x")
    other.add(mail(2))
    with other.archived() as theirs:
        theirs.state = post.state
        assert told(theirs.extract(Window(0, 2_000_000_000))) == [("upsert", "INBOX/1")]
    other.close()
