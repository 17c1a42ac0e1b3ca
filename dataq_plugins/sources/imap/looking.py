"""What in a mailbox differs from what was sent of it: without reading a mail."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from dataq_plugins.sdk import Log
from dataq_plugins.sources.imap.folders import Standing
from dataq_plugins.sources.imap.known import Box
from dataq_plugins.sources.imap.mailbox import Facts, Mailbox

ALIVE_MAILS = 20_000
"""While a long list arrives, it is said so after each so many."""


@dataclass(frozen=True)
class Look:
    """The mails that are new or whose flags have changed, and the UIDs that have gone."""

    news: list[Facts]
    gone: list[int]


def is_same(settled: Standing | None, standing: Standing | None) -> bool:
    """Return whether nothing can have changed: only a server that counts changes can say so."""
    return settled is not None and settled == standing and bool(settled.modseq)


def look(mailbox: Mailbox, box: Box, *, full: bool) -> Generator[Log, None, Look]:
    """Return what differs (`full`: everything that is there)."""
    if not full:
        found = _since(mailbox, box)
        if found is not None:
            return found
    here: set[int] = set()
    news = []
    for facts in mailbox.all():
        if facts.uid in here:
            continue  # told once more
        here.add(facts.uid)
        if full or _differs(box, facts):
            news.append(facts)
        if len(here) % ALIVE_MAILS == 0:
            yield Log(f"{len(here):,} mails listed", "debug")
    return Look(news, [uid for uid in box.mails if uid not in here])


def _since(mailbox: Mailbox, box: Box) -> Look | None:
    """Return what the server says has changed; None where it cannot, or it does not add up."""
    settled, now = box.settled, mailbox.standing
    if settled is None or not settled.modseq or now.modseq < settled.modseq:
        return None
    if is_same(settled, now):
        return Look([], [])
    facts, ranges = mailbox.changed(settled.modseq)
    latest = {each.uid: each for each in facts}
    news = [each for each in latest.values() if _differs(box, each)]
    added = len(latest.keys() - box.mails.keys())
    gone = _within(box, ranges) if ranges is not None else []
    if len(box.mails) + added - len(gone) == now.messages:
        return Look(news, gone)
    if ranges is not None:
        return None
    here = mailbox.uids()
    gone = [uid for uid in box.mails if uid not in here]
    return Look([each for each in news if each.uid in here], gone)


def _differs(box: Box, facts: Facts) -> bool:
    sent = box.mails.get(facts.uid)
    return sent is None or sent.flags != facts.flags


def _within(box: Box, ranges: list[tuple[int, int]]) -> list[int]:
    """Return the UIDs of mails that lie in one of the ranges."""
    found: set[int] = set()
    for first, last in ranges:
        if last - first < len(box.mails):
            found.update(uid for uid in range(first, last + 1) if uid in box.mails)
        else:
            found.update(uid for uid in box.mails if first <= uid <= last)
    return sorted(found)
