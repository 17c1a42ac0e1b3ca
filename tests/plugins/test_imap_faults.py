"""Lines that break, servers that lie, runs that are killed: nothing is lost and nothing doubled."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from dataq_plugins.sdk import Abandon, Item, Log, SettingError, State, Unreachable, saver
from dataq_plugins.sdk.settings import parse
from dataq_plugins.sources.imap import mailbox, plugin, wire
from dataq_plugins.sources.imap.plugin import Imap
from dataq_plugins.sources.imap.settings import Settings
from tests.dovecot import Dovecot
from tests.plugins.accounts import Account, mail, short
from tests.plugins.imap_servers import FACTS, relayed, scripted
from tests.plugins.scanned import settings


@pytest.fixture
def account(dovecot: Dovecot) -> Iterator[Account]:
    made = Account(dovecot, f"u{uuid.uuid4().hex[:12]}")
    yield made
    made.close()


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state after every mail, and each asked for by itself."""
    monkeypatch.setattr(plugin, "SAVED_MAILS", 1)
    monkeypatch.setattr(saver, "MOST_OF_THE_TIME", 0)
    monkeypatch.setattr(mailbox, "BATCH_MAILS", 1)
    monkeypatch.setattr(mailbox, "AT_ONCE", 1)


@dataclass
class Archive:
    """What an archive would hold after what was sent, and how often each mail was sent."""

    state: bytes | None = None
    mails: dict[str, bytes] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    named: Callable[[str], str] = short

    def take(self, plugin: Imap, states: int = 1 << 30) -> None:
        """Take in one extraction, which is killed after so many states."""
        extraction = plugin.extract(None, self.state, False)
        for thing in extraction:
            if isinstance(thing, State):
                self.state = thing.value
                states -= 1
                if not states:
                    extraction.close()  # type: ignore[attr-defined]
                    return
            elif isinstance(thing, Item):
                self._put(thing)
            elif isinstance(thing, Log):
                self.log.append(thing.message)

    def _put(self, item: Item) -> None:
        name = self.named(item.source_id)
        if item.op == "delete":
            del self.mails[name]
            return
        try:
            content = item.content if isinstance(item.content, bytes) else b"".join(item.content)
        except Abandon as error:  # nothing of it is stored
            self.log.append(type(error).__name__)
            return
        self.mails[name] = content
        self.times[name] = self.times.get(name, 0) + 1
        if item.problem:
            self.problems[name] = item.problem


def plain(account: Account, port: int, **values: object) -> Imap:
    return account.plugin(port=port, tls="none", **values)


def fake(port: int, **values: object) -> Imap:
    told: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": "none", "user": "ana"}
    told |= {"password": "secret", "allow_private": True, "timeout_seconds": 1}
    return Imap(parse(Settings, settings(**{**told, **values})))


ALL = {f"INBOX/{number}": mail(number, "x" * 700 * number) for number in range(1, 9)}


@pytest.mark.usefixtures("states")
def test_killed_after_every_state_all_arrive_once(account: Account) -> None:
    account.add(*ALL.values())
    archive = Archive()
    for _ in range(len(ALL)):
        archive.take(account.plugin(), states=1)
    archive.take(account.plugin())
    assert archive.mails == ALL
    assert set(archive.times.values()) == {1}
    assert account.plugin().discover(archive.state, "monthly").windows == []


@pytest.mark.usefixtures("states")
def test_killed_at_any_moment_of_a_resync_nothing_is_doubled(account: Account) -> None:
    account.add(*ALL.values())
    archive = Archive(named=str)
    archive.take(account.plugin())
    before = dict(archive.mails)
    account.expunge("3")
    account.renumber()
    account.add(mail(9))
    for _ in range(len(ALL)):
        archive.take(account.plugin(), states=1)
    archive.take(account.plugin())
    kept = {name: content for name, content in before.items() if short(name) != "INBOX/3"}
    new = archive.mails.keys() - before.keys()
    assert archive.mails == {**kept, **dict.fromkeys(new, mail(9))}
    assert len(new) == 1
    assert set(archive.times.values()) == {1}
    assert account.plugin().discover(archive.state, "monthly").windows == []


def test_mailboxes_that_are_spelled_alike_are_two() -> None:
    replies: dict[bytes, Any] = {
        b"LIST": b'* LIST () "/" "a&"\r\n* LIST () "/" "a&-"\r\n',
        b"STATUS": lambda line: b"* " + line.partition(b" (")[0] + b" (MESSAGES 1)\r\n",
        b"UID FETCH": lambda line: (
            FACTS.splitlines(True)[0]
            if b"1:*" in line
            else b"* 1 FETCH (UID 1 FLAGS () BODY[] {3}\r\nabc)\r\n"
        ),
    }
    archive = Archive()
    with scripted(replies) as port:
        archive.take(fake(port))
    assert set(archive.mails) == {"a&/1", "a&~/1"}


@pytest.mark.parametrize("most", [100, 900, 3_000, 5_000, 9_000, 20_000])
def test_a_line_that_breaks_loses_nothing(account: Account, most: int) -> None:
    account.add(*ALL.values())
    archive = Archive()
    with (
        relayed(account.server.port, most, reset=True) as port,
        pytest.raises(Unreachable, match=r"localhost: .*(reset|closed|TLS)"),
    ):
        archive.take(plain(account, port))
    assert archive.mails.items() <= ALL.items()
    archive.take(account.plugin())
    assert archive.mails == ALL
    assert set(archive.times.values()) == {1}


def test_a_big_mail_whose_line_breaks_is_sent_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "PIECE_BYTES", 1 << 20)
    big = mail(1, "0123456789" * 500_000)
    account.add(big)
    archive = Archive()
    with (
        relayed(account.server.port, 3_000_000, reset=True) as port,
        pytest.raises(Unreachable, match="localhost"),
    ):
        archive.take(plain(account, port))
    assert archive.mails == {}
    assert archive.log == ["Abandon"]
    archive.take(account.plugin())
    assert archive.mails == {"INBOX/1": big}


@pytest.mark.parametrize("most", [0, 1_500, 9_000])
def test_a_server_that_falls_silent_is_given_up(account: Account, most: int) -> None:
    account.add(*ALL.values())
    begun = time.monotonic()
    with (
        relayed(account.server.port, most, reset=False) as port,
        pytest.raises(Unreachable, match="says nothing"),
    ):
        Archive().take(plain(account, port, timeout_seconds=0.3))
    assert time.monotonic() - begun < 10


@pytest.mark.usefixtures("states")
def test_what_goes_and_changes_while_it_is_read(account: Account) -> None:
    account.add(*ALL.values())
    archive = Archive()
    extraction = account.plugin().extract(None, None, False)
    for thing in extraction:
        if isinstance(thing, Item):
            archive._put(thing)
            if short(thing.source_id) == "INBOX/2":
                account.expunge("1,5:6")
                account.flag("8", "\\Flagged")
                account.add(mail(9))
        elif isinstance(thing, State):
            archive.state = thing.value
    archive.take(account.plugin())
    gone = ("INBOX/1", "INBOX/5", "INBOX/6")
    assert archive.mails == {
        **{name: content for name, content in ALL.items() if name not in gone},
        "INBOX/9": mail(9),
    }
    assert account.plugin().discover(archive.state, "monthly").windows == []


def test_a_mail_that_the_server_cannot_read_is_a_problem_and_the_others_come() -> None:
    def fetch(command: bytes) -> bytes:
        if b"1:*" in command:
            return FACTS
        if b"<" in command:
            return b"TAG NO [SERVERBUG] damaged\r\n"
        return b"* 2 FETCH (UID 2 FLAGS () BODY[] {3}\r\nabc)\r\nTAG NO some could not be read\r\n"

    archive = Archive()
    with scripted({b"UID FETCH": fetch}) as port:
        archive.take(fake(port))
        assert archive.mails == {"INBOX/2": b"abc", "INBOX/1": b""}
        assert "damaged" in archive.problems["INBOX/1"]
        assert fake(port).discover(archive.state, "monthly").windows == []


def test_a_mail_of_which_nothing_comes_is_a_problem_unless_it_is_gone() -> None:
    def fetch(command: bytes) -> bytes:
        if b"1:*" in command:
            return FACTS
        return FACTS.splitlines(True)[1] if b"UID FETCH 2 (UID FLAGS INT" in command else b""

    archive = Archive()
    with scripted({b"UID FETCH": fetch}) as port:
        archive.take(fake(port))
    assert list(archive.problems) == ["INBOX/2"]
    assert "sends no bytes" in archive.problems["INBOX/2"]


def test_a_size_that_is_not_true_matters_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LITERAL_BYTES", 1_000)
    monkeypatch.setattr(mailbox, "PIECE_BYTES", 1_000)
    content = b"0123456789" * 150

    def fetch(command: bytes) -> bytes:
        if b"1:*" in command:
            return FACTS.splitlines(True)[0]
        if b"<" not in command:
            return b"* 1 FETCH (UID 1 BODY[] {1500}\r\n" + content + b")\r\n"
        start = int(command.partition(b"<")[2].partition(b".")[0])
        piece = content[start : start + 1_000]
        return b"* 1 FETCH (UID 1 BODY[]<%d> {%d}\r\n%b)\r\n" % (start, len(piece), piece)

    archive = Archive()
    with scripted({b"UID FETCH": fetch}) as port:
        archive.take(fake(port))
        assert archive.mails == {"INBOX/1": content}
        small = Archive()
        small.take(fake(port, max_bytes=1_200))
    assert "1,500 bytes are more than max_bytes" in small.problems["INBOX/1"]


HOSTILE = {
    "no end of a line": {b"LIST": b"* LIST " + b"x" * 5_000_000},
    "an endless literal": {b"LIST": b'* LIST () "/" {999999999999999999}\r\n'},
    "many literals": {b"LIST": b"* LIST " + b"{1}\r\na " * 5_000 + b"\r\n"},
    "deep lists": {b"LIST": b"* LIST " + b"(" * 100_000 + b"\r\n"},
    "brackets": {b"LIST": b"* LIST " + b"[" * 100_000 + b"\r\n"},
    "a list that ends twice": {b"LIST": b"* LIST ())\r\n"},
    "a list without a name": {b"LIST": b"* LIST ()\r\n"},
    "a line break in a name": {b"LIST": b'* LIST () "/" {9}\r\nIN\r\na OK\r\n'},
    "the answer to another": {b"LIST": b"zz9 OK done\r\n"},
    "no list of names and values": {b"STATUS": b"* STATUS INBOX (MESSAGES)\r\n"},
    "no number": {b"STATUS": b"* STATUS INBOX (MESSAGES -1)\r\n"},
    "no uidvalidity": {b"EXAMINE": b"* 1 EXISTS\r\n"},
    "a mail that is no list": {b"UID FETCH": b"* 1 FETCH UID 1\r\n"},
    "flags that are none": {b"UID FETCH": FACTS.replace(b"FLAGS ()", b"FLAGS 1")},
    "goodbye": {b"EXAMINE": b"* BYE come back later\r\n"},
    "no to everything": {b"LIST": b"TAG NO [UNAVAILABLE] not now\r\n"},
}


@pytest.mark.parametrize("replies", HOSTILE.values(), ids=HOSTILE)
def test_a_server_that_lies_is_not_believed(replies: dict[bytes, bytes]) -> None:
    begun = time.monotonic()
    with scripted(replies) as port, pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        Archive().take(fake(port))
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("greeting", [b"* BYE full\r\n", b"HTTP/1.1 200 OK\r\n", b"\r\n", b""])
def test_who_does_not_greet_is_no_server(greeting: bytes) -> None:
    with scripted({}, greeting) as port, pytest.raises(Unreachable):
        fake(port).check()


def test_nothing_is_told_before_tls(account: Account) -> None:
    heard: list[bytes] = []

    def listen(command: bytes) -> bytes:
        heard.append(command)
        return b"TAG NO never\r\n"

    with scripted({b"": listen}) as port, pytest.raises(SettingError, match="starttls is refused"):
        fake(port, tls="starttls").check()
    assert heard == [b"STARTTLS"]
    with (
        scripted({b"": listen}, b"* PREAUTH welcome\r\n") as port,
        pytest.raises(Unreachable, match="before TLS begins"),
    ):
        fake(port, tls="starttls").check()
    assert heard == [b"STARTTLS"]


def test_a_server_that_takes_no_passwords_is_not_told_one() -> None:
    capabilities = b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n"
    with (
        scripted({b"CAPABILITY": capabilities}) as port,
        pytest.raises(SettingError, match="takes no passwords") as caught,
    ):
        fake(port).check()
    assert caught.value.setting == "auth"


def test_a_server_that_is_full_is_worth_another_try() -> None:
    with (
        scripted({b"LOGIN": b"TAG NO [LIMIT] too many connections\r\n"}) as port,
        pytest.raises(Unreachable, match="too many connections"),
    ):
        fake(port).check()
