"""Mails arrive once, change by version, go by deletion; what cannot be read loses nothing."""

from __future__ import annotations

import mailbox
import os
import plistlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dataq_plugins.conformance import assert_conforms
from dataq_plugins.errors import PluginError
from dataq_plugins.host import Item
from dataq_plugins.sdk import Item as Sent
from dataq_plugins.sdk import Saver, State
from dataq_plugins.sources.mailboxes.mail import facts_of, mark_of
from dataq_plugins.sources.mailboxes.plugin import Mailboxes
from dataq_plugins.sources.mailboxes.settings import Settings
from tests.plugins.posts import ARGV, JUNE, mail, mailboxes, mbox
from tests.plugins.scanned import settings, write


def told(items: list[Item]) -> list[tuple[str, str]]:
    return [(item.op, item.source_id) for item in items]


def metadata(items: list[Item]) -> dict[str, dict[str, str]]:
    return {item.source_id: dict(item.metadata) for item in items}


def test_it_conforms(tmp_path: Path) -> None:
    write(tmp_path, {"Inbox": mbox(mail(1), mail(2, date=JUNE)), "old/a.eml": mail(3)})
    assert_conforms(ARGV, settings(root=[str(tmp_path)]))


def test_every_format_is_found_below_a_root(tmp_path: Path) -> None:
    apple = mail(4)
    tail = plistlib.dumps({"flags": 0b10001})
    write(
        tmp_path,
        {
            "Inbox": mbox(mail(1)),
            "Local/Sent": mbox(mail(2)),
            "Maildir/cur/1.a:2,RS": mail(3),
            "Maildir/.Lists/cur/2.b:2,": mail(5),
            "Apple.mbox/Messages/7.emlx": b"%d\n" % len(apple) + apple + tail,
            "notes.txt": b"From the beginning it was a text.\n",
            "Inbox.msf": b"\x00\x01",
        },
    )
    for name in ("Maildir", "Maildir/.Lists"):
        (tmp_path / name / "new").mkdir()
        (tmp_path / name / "tmp").mkdir()
    with mailboxes(tmp_path) as post:
        items = post.extract()
    assert post.files == {
        "Inbox/1@example.org": mail(1),
        "Local/Sent/2@example.org": mail(2),
        "Maildir/1.a": mail(3),
        "Maildir/.Lists/2.b": mail(5),
        "Apple.mbox/Messages/7.emlx": apple,
    }
    more = metadata(items)
    assert more["Maildir/1.a"] == {
        "mailbox": "Maildir", "format": "maildir", "flags": "answered,seen"
    }  # fmt: skip
    assert more["Apple.mbox/Messages/7.emlx"]["flags"] == "flagged,seen"
    assert {item.content_type for item in items} == {"message/rfc822"}


def test_what_was_appended_is_all_that_is_sent(tmp_path: Path) -> None:
    inbox = tmp_path / "Inbox"
    inbox.write_bytes(mbox(mail(1), mail(2)))
    with mailboxes(tmp_path) as post:
        assert len(post.sync()) == 2
        assert post.windows() == []
        assert post.extract() == []
        with inbox.open("ab") as file:
            file.write(mbox(mail(3, date=JUNE)))
        assert told(post.sync()) == [("upsert", "Inbox/3@example.org")]
        assert post.windows() == []


def test_a_mail_that_is_half_written_is_sent_whole_the_next_time(tmp_path: Path) -> None:
    inbox = tmp_path / "Inbox"
    whole = mbox(mail(1), mail(2, "line\n" * 50))
    inbox.write_bytes(whole[:-100])
    with mailboxes(tmp_path) as post:
        post.sync()
        inbox.write_bytes(whole)
        assert told(post.sync()) == [("upsert", "Inbox/2@example.org")]
        assert post.files["Inbox/2@example.org"] == mail(2, "line\n" * 50)


def test_a_rewritten_mailbox_tells_what_changed_and_what_is_gone(tmp_path: Path) -> None:
    inbox = tmp_path / "Inbox"
    unread = "X-Mozilla-Status: 0000\n"
    inbox.write_bytes(mbox(mail(1), mail(2, more=unread), mail(3), mail(4, date=JUNE)))
    with mailboxes(tmp_path) as post:
        post.sync()
        read = "X-Mozilla-Status: 0005\n"
        # In place, as Thunderbird does it, and a new one behind: the file has only grown.
        inbox.write_bytes(mbox(mail(1), mail(2, more=read), mail(3), mail(4, date=JUNE), mail(5)))
        changed = post.sync()
        assert told(changed) == [
            ("upsert", "Inbox/2@example.org"), ("upsert", "Inbox/5@example.org")
        ]  # fmt: skip
        assert metadata(changed)["Inbox/2@example.org"]["flags"] == "flagged,seen"
        inbox.write_bytes(mbox(mail(1), mail(2, more=read), mail(5)))
        assert set(told(post.sync())) == {
            ("delete", "Inbox/3@example.org"), ("delete", "Inbox/4@example.org")
        }  # fmt: skip
        assert post.windows() == []


def test_an_emptied_and_a_removed_mailbox_delete_their_mails(tmp_path: Path) -> None:
    write(tmp_path, {"Inbox": mbox(mail(1)), "Old": mbox(mail(2)), "Kept": mbox(mail(3))})
    with mailboxes(tmp_path) as post:
        post.sync()
        (tmp_path / "Inbox").write_bytes(b"")
        (tmp_path / "Old").unlink()
        assert set(told(post.sync())) == {
            ("delete", "Inbox/1@example.org"), ("delete", "Old/2@example.org")
        }  # fmt: skip
        assert post.windows() == []


def test_a_root_without_any_mail_left_is_not_believed(tmp_path: Path) -> None:
    write(tmp_path, {"Inbox": mbox(mail(1))})
    with mailboxes(tmp_path) as post, mailboxes(tmp_path, allow_empty=True) as believing:
        post.sync()
        (tmp_path / "Inbox").unlink()
        with pytest.raises(PluginError, match="mounted"):
            post.sync()
        believing.state = post.state
        assert told(believing.sync()) == [("delete", "Inbox/1@example.org")]


def test_a_mailbox_that_is_none_any_more_deletes_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"Inbox": mbox(mail(1)), "Kept": mbox(mail(3))})
    with mailboxes(tmp_path) as post:
        post.sync()
        (tmp_path / "Inbox").write_bytes(b"\x00" * 100)
        assert post.extract() == []
        (tmp_path / "Inbox").write_bytes(mbox(mail(1), mail(2)))
        assert told(post.extract()) == [("upsert", "Inbox/2@example.org")]


def test_a_window_takes_its_own_and_the_rest_comes_later(tmp_path: Path) -> None:
    write(tmp_path, {"Inbox": mbox(mail(1), mail(2, date=JUNE), mail(3))})
    with mailboxes(tmp_path) as post:
        may, june = post.windows()
        assert told(post.extract(june)) == [("upsert", "Inbox/2@example.org")]
        assert post.windows() == [may]
        assert len(post.extract(may)) == 2
        assert post.windows() == []
        write(tmp_path, {"Inbox": mbox(mail(3))})
        assert len(post.windows()) == 2
        assert told(post.extract(may)) == [("delete", "Inbox/1@example.org")]
        assert post.windows() == [june]
        assert told(post.extract(june)) == [("delete", "Inbox/2@example.org")]


def test_a_maildir_keeps_names_while_mails_are_read_and_moved(tmp_path: Path) -> None:
    write(tmp_path, {"cur/old.1:2,S": mail(1), "new/fresh.2": mail(2)})
    (tmp_path / "tmp").mkdir()
    with mailboxes(tmp_path) as post:
        assert {item.source_id for item in post.sync()} == {"old.1", "fresh.2"}
        (tmp_path / "new/fresh.2").rename(tmp_path / "cur/fresh.2:2,")
        assert post.windows() == []
        (tmp_path / "cur/fresh.2:2,").rename(tmp_path / "cur/fresh.2:2,FS")
        again = post.sync()
        assert told(again) == [("upsert", "fresh.2")]
        assert metadata(again)["fresh.2"]["flags"] == "flagged,seen"
        (tmp_path / "cur/old.1:2,S").unlink()
        assert told(post.sync()) == [("delete", "old.1")]


def test_equal_message_ids_are_mails_of_their_own(tmp_path: Path) -> None:
    inbox = tmp_path / "Inbox"
    nameless = b"Subject: no id\n\nbody\n"
    inbox.write_bytes(mbox(mail(1), mail(1, "again"), nameless))
    with mailboxes(tmp_path) as post:
        post.sync()
        digest = next(name for name in post.files if "@" not in name)
        assert post.files == {
            "Inbox/1@example.org": mail(1),
            "Inbox/1@example.org~2": mail(1, "again"),
            digest: nameless,
        }
        with inbox.open("ab") as file:
            file.write(mbox(mail(1, "and again")))
        assert told(post.sync()) == [("upsert", "Inbox/1@example.org~3")]


def test_labels_of_takeout_are_told(tmp_path: Path) -> None:
    labels = "X-Gmail-Labels: =?UTF-8?Q?Brunnen,Wichtig,=22Water,=20old=22?=\n"
    write(tmp_path, {"All mail.mbox": mbox(mail(1, more=labels))})
    with mailboxes(tmp_path) as post:
        [item] = post.sync()
    assert item.metadata["labels"] == 'Brunnen,"Water, old",Wichtig'


def test_a_mail_without_a_date_has_that_of_its_separator(tmp_path: Path) -> None:
    write(tmp_path, {"Inbox": mbox(b"Subject: x\n\nbody\n", b"Date: nonsense\n\nbody\n")})
    with mailboxes(tmp_path) as post:
        items = post.sync()
    assert [item.timestamp_us for item in items] == [1_779_179_400_000_000] * 2


def test_too_large_and_unreadable_mails_are_told(tmp_path: Path) -> None:
    write(tmp_path, {"Inbox": mbox(mail(1), mail(2, "x" * 5_000)), "a/b.eml": mail(3, "y" * 5_000)})
    with mailboxes(tmp_path, max_bytes=2_000) as post:
        post.sync()
        assert list(post.files) == ["Inbox/1@example.org"]
        assert all(each.startswith("too_large: 5,") for each in post.problems.values())
        assert len(post.problems) == 2
        assert post.windows() == []


def test_excluded_mailboxes_are_left_out_and_not_deleted(tmp_path: Path) -> None:
    write(tmp_path, {"Inbox": mbox(mail(1)), "Spam": mbox(mail(2)), "x/Trash/a.eml": mail(3)})
    with mailboxes(tmp_path) as post, mailboxes(tmp_path, exclude=["Spam", "Trash"]) as choosy:
        assert {item.source_id for item in choosy.sync()} == {"Inbox/1@example.org"}
        post.sync()
        choosy.state = post.state
        assert choosy.sync() == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"out/Inbox": mbox(mail(1)), "root/Kept": mbox(mail(2))})
    (tmp_path / "root/Linked").symlink_to(tmp_path / "out/Inbox")
    (tmp_path / "root/folder").symlink_to(tmp_path / "out")
    os.mkfifo(tmp_path / "root/pipe")
    with mailboxes(tmp_path / "root") as post:
        assert told(post.sync()) == [("upsert", "Kept/2@example.org")]


def test_a_root_that_is_not_there_and_bad_settings_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mailboxes(tmp_path / "gone") as post, pytest.raises(PluginError, match="mounted"):
        post.sync()
    with mailboxes(tmp_path, exclude=["!"]) as post, pytest.raises(PluginError, match="gitignore"):
        post.process.configure()
    monkeypatch.setenv("DATAQ_HOME", str(tmp_path))
    with mailboxes(tmp_path / "lake") as post, pytest.raises(PluginError, match="own home"):
        post.process.configure()


def test_a_foreign_state_reads_all_again(tmp_path: Path) -> None:
    write(tmp_path, {"Inbox": mbox(mail(1))})
    with mailboxes(tmp_path) as post:
        for state in (b"nonsense", b"dataq mailboxes state 1\nnonsense"):
            post.state = state
            assert len(post.extract()) == 1


def test_damaged_headers_are_read_as_far_as_they_go() -> None:
    assert facts_of(b"").message_id == ""
    assert facts_of(b"Date: Tue, 19 May 99999 25:61:00\n\n").seconds is None
    assert facts_of(b"\xff\xfe: \x00\nMessage-ID: <\xe4@x>\n\n").seconds is None
    assert mark_of("a", "bc") != mark_of("ab", "c")


def test_mailboxes_that_python_wrote(tmp_path: Path, corpus: Path) -> None:
    """Python's own mailboxes are the independent peer; it writes mboxo."""
    files = sorted(path for path in (corpus / "mail").rglob("*.eml") if "tricky" not in path.parts)
    mails = [path.read_bytes() for path in files[:400]]
    mails = [each.partition(b"\n")[2] if each.startswith(b"From ") else each for each in mails]
    inbox, folder = mailbox.mbox(tmp_path / "Inbox"), mailbox.Maildir(tmp_path / "Maildir")
    for each in mails:
        inbox.add(each)
        folder.add(each)
    inbox.close()
    with mailboxes(tmp_path, variant="mboxo") as post:
        post.sync()
    found: dict[str, list[Any]] = {"Inbox": [], "Maildir": []}
    for name, content in post.files.items():
        found[name.partition("/")[0]].append(content)
    assert sorted(found["Maildir"]) == sorted(mails)
    expected = [each if each.endswith(b"\n") else each + b"\n" for each in mails]
    assert sorted(map(_unquoted_once, found["Inbox"])) == sorted(map(_unquoted_once, expected))


def _unquoted_once(content: bytes) -> bytes:
    return content.replace(b"\n>From ", b"\nFrom ").rstrip(b"\n")


def test_a_change_outside_of_the_window_waits_for_its_own(tmp_path: Path) -> None:
    unread, read = "X-Mozilla-Status: 0000\n", "X-Mozilla-Status: 0001\n"
    inbox = tmp_path / "Inbox"
    inbox.write_bytes(mbox(mail(1), mail(2, date=JUNE, more=unread)))
    with mailboxes(tmp_path) as post:
        may, june = post.windows()
        post.sync()
        inbox.write_bytes(mbox(mail(1), mail(2, date=JUNE, more=read)))
        assert post.extract(may) == []
        assert post.windows() == [june]
        assert told(post.extract(june)) == [("upsert", "Inbox/2@example.org")]


def test_a_mailbox_that_changes_while_it_is_read_keeps_its_last_mail_and_deletes_nothing(
    tmp_path: Path,
) -> None:
    inbox = tmp_path / "Inbox"
    inbox.write_bytes(mbox(mail(1), mail(2), mail(3)))
    with mailboxes(tmp_path) as post:
        post.sync()
        state = post.state
    inbox.write_bytes(mbox(mail(4), mail(5), mail(6)))
    source = Mailboxes(Settings([str(tmp_path)]))
    sent = source.extract(None, state, full=False)
    first = next(sent)
    assert isinstance(first, Sent)
    with inbox.open("ab") as file:
        file.write(mbox(mail(7))[:-20])
    rest = list(sent)
    assert names([first, *rest]) == ["Inbox/4@example.org", "Inbox/5@example.org"]
    [last] = [each.value for each in rest if isinstance(each, State)]
    inbox.write_bytes(mbox(mail(4), mail(5), mail(6), mail(7)))
    assert names(source.extract(None, last, full=False)) == [
        *("Inbox/6@example.org", "Inbox/7@example.org"),
        *("Inbox/1@example.org", "Inbox/2@example.org", "Inbox/3@example.org"),
    ]


def test_a_run_that_broke_off_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Saver, "due", lambda _: True)
    inbox = tmp_path / "Inbox"
    inbox.write_bytes(mbox(mail(1), mail(2)))
    source = Mailboxes(Settings([str(tmp_path)]))
    *_, done = source.extract(None, None, full=False)
    assert isinstance(done, State)
    inbox.write_bytes(mbox(mail(1), mail(2), mail(3), mail(4)))
    sent = source.extract(None, done.value, full=False)
    assert names([next(sent)]) == ["Inbox/3@example.org"]
    kept = next(sent)
    assert isinstance(kept, State)
    sent.close()
    inbox.write_bytes(mbox(mail(1), mail(2), mail(4)))
    rest = source.extract(None, kept.value, full=False)
    assert names(rest) == ["Inbox/4@example.org", "Inbox/3@example.org"]


def names(sent: Iterable[object]) -> list[str]:
    return [each.source_id for each in sent if isinstance(each, Sent)]
