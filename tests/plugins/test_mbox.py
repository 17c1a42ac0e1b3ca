"""A file is split into the mails that were put in, whatever the variant and the pieces."""

from __future__ import annotations

import random

import pytest

from dataq_plugins.sources.mailboxes import mbox as splitting
from dataq_plugins.sources.mailboxes.mbox import NotMbox, Part, is_mbox, split
from dataq_plugins.sources.mailboxes.variant import Variant, counts_length, unquoted
from tests.plugins.posts import FROM, mail, mbox


def parts(data: bytes, start: int = 0, *, lengths: bool = True, most: int = 1 << 20) -> list[Part]:
    return list(split(lambda at, size: data[at : at + size], start, lengths, most))


def contents(data: bytes, variant: Variant = "auto") -> list[bytes]:
    found = parts(data, lengths=counts_length(variant))
    return [unquoted(part.content or b"", variant) for part in found]


def test_mails_come_out_as_they_went_in() -> None:
    mails = [mail(1), mail(2, "Two\n\nparagraphs"), mail(3, "")]
    assert contents(mbox(*mails)) == mails
    crlf = [each.replace(b"\n", b"\r\n") for each in mails]
    data = b"".join(FROM.replace(b"\n", b"\r\n") + each + b"\r\n" for each in crlf)
    assert contents(data) == crlf


def test_the_last_mail_may_lack_its_empty_line() -> None:
    assert contents(mbox(mail(1)) + FROM + mail(2)) == [mail(1), mail(2)]
    assert contents(mbox(mail(1)) + FROM + mail(2)[:-1]) == [mail(1), mail(2)[:-1]]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 700])
def test_pieces_make_no_difference(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(size)
    lines = ["", "From here to there", ">From", "From ana Tue May 19 08:30:00 2026", "text", "a: b"]
    mails = [mail(n, "\n".join(chance.choices(lines[:3] + lines[4:], k=30))) for n in range(12)]
    data = mbox(*mails)
    whole = parts(data)
    assert len(whole) == len(mails)
    monkeypatch.setattr(splitting, "PIECE_BYTES", size)
    assert parts(data) == whole
    assert parts(data, whole[5].start) == whole[5:]


def test_lines_that_only_look_like_a_separator_do_not_split() -> None:
    body = "see\n\nFrom the shaft: water\n\nFrom ana Tue May 19 08:30:00 2026\nnot a header line"
    assert contents(mbox(mail(1, body), mail(2))) == [mail(1, body), mail(2)]


@pytest.mark.parametrize(
    ("variant", "stored", "wanted"),
    [
        ("auto", ">From me\n>>From you", "From me\n>From you"),
        ("mboxrd", ">From me\n>>From you", "From me\n>From you"),
        ("mboxcl", ">From me\n>>From you", "From me\n>From you"),
        ("mboxo", ">From me\n>>From you", "From me\n>>From you"),
        ("mboxcl2", ">From me\n>>From you", ">From me\n>>From you"),
        ("auto", "From me\n>From you", "From me\n>From you"),
    ],
)
def test_quoting_is_undone_as_the_variant_says(variant: Variant, stored: str, wanted: str) -> None:
    assert contents(mbox(mail(1, stored)), variant) == [mail(1, wanted)]


def test_content_length_counts_where_a_mail_really_ends_there() -> None:
    inner = "one\n\n" + FROM.decode() + "Subject: not a mail of its own\n\nend"
    length = f"Content-Length: {len(inner) + 1}\n"
    right = mail(1, inner, more=length)
    assert contents(mbox(right, mail(2)), "mboxcl2") == [right, mail(2)]
    assert len(contents(mbox(right, mail(2)), "mboxrd")) == 3
    wrong = mail(1, "short", more="Content-Length: 3\n")
    far = mail(3, "short", more="Content-Length: 999999999999\n")
    assert contents(mbox(wrong, mail(2), far), "mboxcl") == [wrong, mail(2), far]


def test_a_large_mail_is_told_by_its_size_and_its_neighbours_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(splitting, "PIECE_BYTES", 1_000)
    large = mail(2, "line\n" * 5_000)
    for more in ([mail(3)], []):
        found = parts(mbox(mail(1), large, *more), most=5_000)
        assert [part.content for part in found] == [mail(1), None, *more]
        assert found[1].size == len(large)


def test_what_is_no_mailbox_is_refused() -> None:
    assert not is_mbox(b"From the beginning, it was a plain text.\nAnd so on.\n")
    assert not is_mbox(mail(1))
    assert is_mbox(mbox(mail(1)))
    with pytest.raises(NotMbox, match="byte 0"):
        parts(b"Dear Ana,\n")
    assert parts(b"") == parts(b"\n\n") == []
