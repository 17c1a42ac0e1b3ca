"""Reading mails of 20 kB, against Python's own `email` with `policy.default`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.letters import letters
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.references import stdlib_mail
from benchmarks.setting import Setting

MAILS = 2_000
NOTE = (
    "Messages per second of processor time: people, subject, date, ids, and of every leaf its "
    "type, name and bytes. The mails are written by Python's `email`: plain, with HTML, with "
    "attachments, names and subjects of several scripts. A field is equal if both read the same."
)


def run(setting: Setting) -> list[Measure]:
    """Return the speed and the share of equal fields, each with its bar."""
    mails = letters(setting.scaled(MAILS, 200))
    pairs = paired(
        setting.runs,
        lambda: _speed(_ours, mails),
        lambda: _speed(stdlib_mail.read, mails),
    )
    size = sum(map(len, mails)) / len(mails) / 1000
    equal = [
        value == theirs[name]
        for ours, theirs in ((_ours(each), stdlib_mail.read(each)) for each in mails)
        for name, value in ours.items()
    ]
    return [
        Measure(
            "mail parsing, messages per core-second",
            median(pairs.ratios),
            "×",
            Bar(3.0, "least"),
            f"{median(pairs.ours):,.0f} /CPU-s",
            f"{median(pairs.reference):,.0f} /CPU-s",
            pairs.ratios,
            f"{len(mails):,} mails of {size:.1f} kB on average. {NOTE}",
        ),
        Measure(
            "mail parsing, fields as Python reads them",
            sum(equal) / len(equal),
            "%",
            Bar(0.995, "least"),
            f"{sum(equal):,}",
            f"{len(equal):,}",
        ),
    ]


def _speed(read: Callable[[bytes], dict[str, Any]], mails: list[bytes]) -> float:
    begun = time.process_time()
    for each in mails:
        read(each)
    return len(mails) / (time.process_time() - begun)


def _ours(data: bytes) -> dict[str, Any]:
    from dataq_analyzers.mail import mime
    from dataq_analyzers.mail.attachments import filename
    from dataq_analyzers.mail.message import read_message
    from dataq_analyzers.mail.transfer import body_of

    root = mime.parse(data)
    message = read_message(root.headers)
    names = ("message_id", "in_reply_to", "references", "sender", "to", "cc", "date", "subject")
    return {
        **{name: getattr(message, name) for name in names},
        "leaves": [
            (part.media_type, filename(part), body_of(data, part)) for part in root.leaves()
        ],
    }
