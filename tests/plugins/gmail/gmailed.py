"""The source gmail as a test holds it: settings for an emulator, and what came of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dataq_plugins.sdk import Item, Log, State, Window
from dataq_plugins.sdk.settings import parse
from dataq_plugins.sources.gmail.plugin import Gmail as Plugin
from dataq_plugins.sources.gmail.settings import Settings
from tests.emulators.gmail import Gmail
from tests.emulators.gmail.mailboxes import Mailbox

USER = "ana@example.org"
ARGV = [sys.executable, "-P", "-m", "dataq_plugins.sources.gmail"]
QUICK = {"units_per_second": "0", "timeout_seconds": "2", "patience_seconds": "20"}


def config(gmail: Gmail, **more: str) -> dict[str, str]:
    """Return the settings of the user's mailbox, with the token by reference."""
    given = {
        "account": USER,
        "token": json.dumps(gmail.authorized_user(USER)),
        "endpoint": gmail.url(),
        **QUICK,
    }
    return {name: value for name, value in {**given, **more}.items() if value != "-"}


@contextmanager
def plugin(gmail: Gmail, **more: str) -> Iterator[Plugin]:
    """The plugin with these settings, in this process."""
    settings: Settings = parse(Settings, config(gmail, **more))
    made = Plugin(settings)
    try:
        yield made
    finally:
        made.close()


@dataclass
class Archive:
    """What an archive would hold: the latest version of each mail, and how many there were."""

    state: bytes | None = None
    latest: dict[str, Item] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    logs: list[Log] = field(default_factory=list)
    gone: dict[str, str] = field(default_factory=dict)

    def extract(
        self, source: Plugin, window: Window | None = None, *, full: bool = False, most: int = -1
    ) -> list[Item]:
        """Take what the plugin yields, `most` things at most; items and states as they come."""
        items = []
        for number, thing in enumerate(source.extract(window, self.state, full)):
            if number == most:
                break
            if isinstance(thing, Item):
                items.append(thing)
                self._take(thing)
            elif isinstance(thing, State):
                self.state = thing.value
            else:
                self.logs.append(thing)
        return items

    def _take(self, item: Item) -> None:
        self.sent += 1
        before = self.latest.get(item.source_id)
        if item.op == "delete":
            if before is not None:
                del self.latest[item.source_id]
                self.versions[item.source_id] += 1
                self.gone[item.source_id] = (item.metadata or {})["gmail.gone"]
            return
        if before != item:
            self.latest[item.source_id] = item
            self.versions[item.source_id] = self.versions.get(item.source_id, 0) + 1

    def labels(self, message: str) -> list[str]:
        """Return the names of a mail's labels."""
        found: list[str] = json.loads((self.latest[message].metadata or {})["labels"])
        return found


def expect_same(archive: Archive, box: Mailbox, aside: tuple[str, ...] = ("SPAM", "TRASH")) -> None:
    """Assert that the archive holds just what the mailbox does, byte for byte."""
    names = {each["id"]: each["name"] for each in box.labels.told()}
    here = {each: box.state(each).get("labelIds", []) for each in box.ids()}
    wanted = {each: labels for each, labels in here.items() if not set(labels) & set(aside)}
    assert archive.latest.keys() == wanted.keys()
    for each, labels in wanted.items():
        assert archive.latest[each].content == box.raw(each)
        assert archive.labels(each) == sorted(names[label] for label in labels)


def small(count: int) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    """Mails that are made in no time, all in the inbox."""
    for number in range(count):
        yield b"From: a@example.org\nSubject: %d\n\nsmall\n" % number, ("INBOX",)
