"""Mails as rows: what the source says of them, one thread wherever they lie, copies as one mail."""

from __future__ import annotations

import itertools
import random
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.messages import listed
from dataq_assets.stages.threads import chain, threads
from dataq_plugins.host import Item
from tests.assets.test_relationships import mail, relate, texts_of, told
from tests.assets.way import Way, gone, item


def current(way: Way) -> dict[str, dict[str, Any]]:
    """The row of each mail that is there now, by its path."""
    latest = {row["id"] for row in way.rows("entities", is_latest=True)}
    paths = {row["id"]: row["path"] for row in way.rows("assets") if row["id"] in latest}
    rows = way.rows("messages")
    assert len({row["asset_id"] for row in rows}) == len(rows)
    return {paths[row["asset_id"]]: row for row in rows if row["asset_id"] in paths}


def test_a_label_that_changes_is_a_new_version_of_the_message(way: Way) -> None:
    data = b'X-Gmail-Labels: Header,"a, b"\n' + mail("Plan", 1, Message_ID="<1@x>")
    way.observe(item("1", data, labels='["INBOX", "a, b", 7]', mailbox="INBOX", flags="seen,draft"))
    way.observe(item("2", data, labels='A,"b, c"'), item("3", data), source="t")
    texts_of(way)
    rows = current(way)
    assert rows["1"]["labels"] == ["INBOX", "a, b"]
    assert (rows["1"]["mailbox"], rows["1"]["flags"]) == ("INBOX", ["seen", "draft"])
    assert rows["2"]["labels"] == ["A", "b, c"]
    assert rows["3"]["labels"] == ["Header", "a, b"]
    assert (rows["3"]["mailbox"], rows["3"]["flags"]) == (None, [])
    way.observe(item("1", data, labels="[]", mailbox="Archive"))
    texts_of(way)
    again = current(way)["1"]
    assert (again["labels"], again["mailbox"], again["flags"]) == ([], "Archive", [])
    assert again["thread_id"] == rows["1"]["thread_id"] == "1@x"
    assert len(way.rows("texts")) == 1, "nothing is analyzed again"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("a", ["a"]),
        ('a,"b, ""c""",a', ["a", 'b, "c"']),
        ('["a", null, {}, "b"]', ["a", "b"]),
        ("[broken", []),
        ("[" * 100_000, []),
        ("x," * 100_000, []),
    ],
)
def test_lists_in_metadata(value: str, expected: list[str]) -> None:
    assert listed(value) == expected


CHAIN = (
    item("1.eml", mail("Plan", 1, Message_ID="<1@x>")),
    item("2.eml", mail("Re: Plan", 2, Message_ID="<2@x>", In_Reply_To="<1@x>")),
    item("3.eml", mail("Re: Plan", 3, Message_ID="<3@x>", In_Reply_To="<2@x>")),
    item("4.eml", mail("Re: Plan", 4, Message_ID="<4@x>", References="<3@x>")),
    item("5.eml", mail("Other", 5, Message_ID="<5@x>")),
)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (3, 4, 1, 0, 2), (2, 0, 3, 4, 1)])
def test_a_thread_is_the_same_whatever_the_order_and_the_source(
    way: Way, order: tuple[int, ...]
) -> None:
    """Each names only the one before: the last to come joins the others."""
    for number, chosen in enumerate(order):
        way.observe(CHAIN[chosen], source="st"[number % 2])
        texts_of(way)
    found = {path: row["thread_id"] for path, row in current(way).items()}
    assert found == {**dict.fromkeys(("1.eml", "2.eml", "3.eml", "4.eml"), "1@x"), "5.eml": "5@x"}
    assert way.broken_checks("messages_belong", "nothing_pending") == []
    versions = way.versions()
    texts_of(way)
    assert way.versions() == versions


def test_what_an_earlier_analyzer_said_is_replaced(way: Way) -> None:
    way.observe(*CHAIN[:2])
    way.derive("gate", "assets", "texts")
    old = [
        {"asset_id": asset["id"], "message_id": "1@x", "thread_id": "1@x", "subject": "old"}
        for asset in way.rows("assets")
    ]
    way.lake.table("messages").append([batch_of("messages", old)])
    way.derive("segments")
    assert {path: row["subject"] for path, row in current(way).items()} == {
        "1.eml": "Plan",
        "2.eml": "Re: Plan",
    }


def row(number: int, *names: int) -> dict[str, Any]:
    return {
        "message_id": f"{number}",
        "in_reply_to": f"{names[-1]}" if names else None,
        "references": [f"{each}" for each in names],
    }


def test_all_orders_give_the_same_names() -> None:
    mails = [row(1), row(2, 1), row(3, 2), row(4, 9, 3), row(8, 8), row(6, 7), row(7, 6)]
    expected = threads(mails)
    assert {expected[each] for each in "12349"} == {"1"}
    assert (expected["8"], expected["6"], expected["7"]) == ("8", "6", "6")
    for order in itertools.islice(itertools.permutations(mails), 0, None, 97):
        assert threads(order) == expected


@given(
    st.lists(st.tuples(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=3)), max_size=9)
)
def test_whoever_names_each_other_is_of_one_thread(made: list[tuple[int, list[int]]]) -> None:
    mails = [row(number, *names) for number, names in made]
    found = threads(mails)
    for each in mails:
        assert len({found[id_] for id_ in chain(each)}) == 1
    assert set(found.values()) <= set(found)
    shuffled = list(mails)
    random.Random(1).shuffle(shuffled)
    assert threads(shuffled) == found


def test_a_mail_that_names_very_many_ties_few_together() -> None:
    hostile = row(1, *range(2, 5_000))
    assert len(chain(hostile)) == 101
    assert chain(hostile)[0] == "2" and chain(hostile)[-2:] == ["4999", "1"]


def quoted(data: bytes) -> bytes:
    """As an mbox file has it, and a program that notes what it has done with it."""
    added = b"X-Gmail-Labels: Inbox\nDelivered-To: ann@example.org\nStatus: RO\n"
    return added + data.replace(b"\nFrom here", b"\n>From here") + b"\n"


BODY = b"\n\nFrom here on\nit is text.  \n"
SENT = mail("Plan", 1, Message_ID="<1@x>").partition(b"\n\n")[0] + BODY


def copies(way: Way) -> set[tuple[str, str, str]]:
    texts_of(way)
    relate(way, "duplicate_of")
    assert way.broken_checks("edges_are_sound") == []
    return {(min(a, b), max(a, b), how) for _, a, b, how in told(way.lake, "duplicate_of")}


def test_a_mail_from_two_sources_is_one_pair_of_duplicates(way: Way) -> None:
    way.observe(item("gmail", SENT.replace(b"\n", b"\r\n")), source="g")
    assert copies(way) == set()
    way.observe(item("mbox", quoted(SENT)), source="m")
    assert copies(way) == {("gmail", "mbox", "message")}
    (edge,) = way.rows("relationships")
    assert edge["strength"] == 1.0
    assert edge["metadata"]["message_id"] == "1@x"
    way.observe(item("mbox again", quoted(SENT)), source="m")
    assert len(copies(way)) == 2, "as many as further copies"
    way.observe(gone("gmail"), source="g")
    assert copies(way) == {("mbox", "mbox again", "sha256")}


def other(name: str, old: bytes, new: bytes) -> Item:
    assert old in SENT
    return item(name, SENT.replace(old, new))


@pytest.mark.parametrize(
    "forged",
    [
        other("b", b"it is text", b"it is a trap"),
        other("b", b"From: ann@", b"From: eve@"),
        other("b", b"10:00:00", b"10:00:01"),
        other("b", b"<1@x>", b"<2@x>"),
    ],
    ids=["body", "sender", "date", "id"],
)
def test_an_id_alone_makes_no_duplicate(way: Way, forged: Item) -> None:
    way.observe(item("a", SENT), forged)
    assert copies(way) == set()


def test_a_copy_that_changes_is_none_any_more(way: Way) -> None:
    way.observe(item("a", SENT), item("b", quoted(SENT)))
    assert copies(way) == {("a", "b", "message")}
    way.observe(item("b", quoted(SENT) + b"more", time=1))
    assert copies(way) == set()
    way.observe(item("b", quoted(SENT), time=2))
    assert copies(way) == {("a", "b", "message")}


def test_what_is_encoded_for_its_transfer_is_the_same_mail(way: Way) -> None:
    head = SENT.partition(b"\n\n")[0].replace(b"7bit", b"8bit")
    plain = head + "\n\nGrüße aus Köln\n".encode()
    encoded = head.replace(b"8bit", b"quoted-printable") + b"\n\nGr=C3=BC=C3=9Fe aus K=C3=B6ln\n"
    way.observe(item("a", plain), item("b", encoded))
    assert copies(way) == {("a", "b", "message")}


def test_mails_without_an_id_are_the_same_only_by_their_bytes(way: Way) -> None:
    without = SENT.replace(b"Message-ID: <1@x>\n", b"")
    way.observe(item("a", without), item("b", quoted(without)), item("c", without))
    assert copies(way) == {("a", "c", "sha256")}


def test_a_mail_that_says_nothing_has_a_row(way: Way) -> None:
    way.observe(item("a.eml", b"From: ann@example.org\nMessage-ID: <1@x>\nDate: x\n\n"))
    texts_of(way)
    (found,) = current(way).values()
    assert (found["from_address"], found["size"]) == ("ann@example.org", 49)
    assert way.broken_checks("nothing_pending") == []


def invitation(sequence: int, method: str = "REQUEST", organizer: str = "ann@example.org") -> bytes:
    message = EmailMessage()
    message["From"] = organizer
    message["Subject"] = "Herons"
    message.set_content("Please come.")
    calendar = (
        f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:u1\r\nSUMMARY:Herons\r\n"
        f"SEQUENCE:{sequence}\r\nDTSTAMP:2024010{sequence + 1}T000000Z\r\n"
        f"DTSTART:20240{sequence + 2}03T100000Z\r\nORGANIZER:mailto:{organizer}\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    message.add_attachment(calendar.encode(), maintype="text", subtype="calendar", filename="i.ics")
    return message.as_bytes()


def test_an_update_and_a_cancellation_lead_to_what_they_change(way: Way) -> None:
    way.observe(
        item("0", invitation(0)),
        item("2", invitation(2, "CANCEL")),
        item("reply", invitation(1, "REPLY")),
        item("forged", invitation(3, "CANCEL", "eve@example.org")),
    )
    texts_of(way)
    relate(way, "updates")
    assert told(way.lake) == {("updates", "2!/i.ics", "0!/i.ics", "cancel")}
    way.observe(item("1", invitation(1)), source="t")
    texts_of(way)
    relate(way, "updates")
    assert told(way.lake) == {
        ("updates", "1!/i.ics", "0!/i.ics", "update"),
        ("updates", "2!/i.ics", "1!/i.ics", "cancel"),
    }
    (first,) = way.rows("events", sequence=0)
    assert (first["uid"], first["method"], first["summary"]) == ("u1", "request", "Herons")
    assert str(first["starts_at"]) == "2024-02-03 10:00:00+00:00"
    assert way.broken_checks("events_belong", "edges_are_sound", "nothing_pending") == []
    way.observe(gone("1"), source="t")
    texts_of(way)
    relate(way, "updates")
    assert told(way.lake) == {("updates", "2!/i.ics", "0!/i.ics", "cancel")}


def test_a_member_knows_its_role_and_where_it_is_shown(way: Way) -> None:
    message = EmailMessage()
    message["From"] = "ann@example.org"
    message.set_content('<p>See <img src="cid:heron@x"> and <img src="cid:gone@x">', subtype="html")
    message.add_related(b"GIF89a heron", "image", "gif", cid="<heron@x>", filename="heron.gif")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="a.pdf")
    way.observe(item("m.eml", message.as_bytes()))
    texts_of(way)
    context = {row["filename"]: row["upload_context"] for row in way.rows("assets", depth=1)}
    assert context["heron.gif"] == {
        "part": "1.2",
        "role": "inline",
        "content_id": "heron@x",
        "disposition": "attachment",
        "shown_in": "1.1",
        "reference": "1",
    }
    assert context["a.pdf"]["role"] == "attachment"
    (row,) = current(way).values()
    assert (row["attachments"], row["has_attachments"]) == (1, True)
