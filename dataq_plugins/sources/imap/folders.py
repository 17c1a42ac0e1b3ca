"""Which mailboxes there are, which of them are wanted, and how each stands."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dataq_plugins.sources._patterns import Patterns
from dataq_plugins.sources.imap.answers import Answer, Value, number, pairs
from dataq_plugins.sources.imap.client import Client
from dataq_plugins.sources.imap.errors import Broken, Refused
from dataq_plugins.sources.imap.names import quoted, shown

if TYPE_CHECKING:
    from dataq_plugins.sources.imap.settings import Settings

CLOSED = {b"\\noselect", b"\\nonexistent"}
MOST = 50_000
_KINDS = ("personal", "other", "shared")
_FIELDS = b"(MESSAGES UIDNEXT UIDVALIDITY%b)"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a server tells of a mailbox without opening it; 0 where it does not say."""

    validity: int = 0
    next: int = 0
    modseq: int = 0
    messages: int = 0


@dataclass(slots=True)
class Folder:
    """A mailbox: how the server spells its name, how people do, and how it stands."""

    raw: bytes
    name: str
    uses: frozenset[str] = frozenset()
    standing: Standing | None = None


@dataclass
class Wanted:
    """The mailboxes that the settings ask for."""

    settings: Settings
    _include: Patterns = field(init=False)
    _exclude: Patterns = field(init=False)

    def __post_init__(self) -> None:
        self._include = Patterns(self.settings.include)
        self._exclude = Patterns(self.settings.exclude)

    def wants(self, name: str) -> bool:
        """Return whether the patterns let a mailbox of this name in."""
        parts = name.split("/")
        above = ["/".join(parts[:end]) + "/" for end in range(1, len(parts) + 1)]
        if any(self._exclude.verdict(each) for each in (name, *above)):
            return False
        return not self.settings.include or any(
            self._include.verdict(each) for each in (name, *above)
        )

    def takes(self, folder: Folder) -> bool:
        """Return whether a mailbox is wanted: its name, and what it is used for."""
        return self.wants(folder.name) and not folder.uses & set(self.settings.skip)


@dataclass(frozen=True)
class Found:
    """The mailboxes that are wanted, by name, and the names of all that were listed.

    `aside` are namespaces that were not looked into: what the names in them begin with.
    """

    folders: list[Folder]
    names: frozenset[str]
    aside: tuple[str, ...] = ()

    def lacks(self, name: str) -> bool:
        """Return whether a mailbox would have been listed if there were one of this name."""
        return name not in self.names and not name.startswith(self.aside)


def find(client: Client, wanted: Wanted) -> Found:
    """Return the mailboxes that are wanted, each with how it stands."""
    listed: dict[bytes, Folder] = {}
    spaces = _namespaces(client)
    for space in spaces:
        if space.kind in wanted.settings.namespaces:
            for pattern in space.patterns:
                listed |= _listed(client, pattern)
    aside = [space for space in spaces if space.kind not in wanted.settings.namespaces]
    for space in aside:  # one may lie inside of another
        if space.prefix:
            listed = {raw: each for raw, each in listed.items() if not raw.startswith(space.prefix)}
    _tell_apart(listed)
    taken = [folder for folder in listed.values() if wanted.takes(folder)]
    _ask_standing(client, [folder for folder in taken if folder.standing is None])
    return Found(
        sorted(taken, key=lambda folder: folder.name),
        frozenset(folder.name for folder in listed.values()),
        tuple(shown(space.prefix, space.delimiter) for space in aside if space.prefix),
    )


def _tell_apart(listed: dict[bytes, Folder]) -> None:
    """Give mailboxes that people would spell alike names of their own."""
    names: set[str] = set()
    for raw in sorted(listed):
        while listed[raw].name in names:
            listed[raw].name += "~"
        names.add(listed[raw].name)


@dataclass(frozen=True, slots=True)
class _Space:
    """A namespace: whose it is, what names in it begin with, and what is between their parts."""

    kind: str
    prefix: bytes
    delimiter: bytes | None

    @property
    def patterns(self) -> list[bytes]:
        """What to list: INBOX is personal, but need not lie below the prefix."""
        inbox = [b"INBOX"] if self.kind == "personal" and self.prefix else []
        return [*inbox, self.prefix + b"*"]


def _namespaces(client: Client) -> list[_Space]:
    """Return the namespaces (RFC 2342); all is personal where the server knows of none."""
    found: list[_Space] = []
    for each in client.ask(b"NAMESPACE") if client.can("NAMESPACE") else ():
        if each.word == "NAMESPACE":
            for kind, spaces in zip(_KINDS, each.values(), strict=False):
                found += [_space(kind, space) for space in spaces or ()]
    return found or [_Space("personal", b"", None)]


def _space(kind: str, told: Value) -> _Space:
    if not isinstance(told, list) or not told or not isinstance(told[0], bytes):
        raise Broken("it tells of a namespace without a prefix")
    delimiter = told[1] if len(told) > 1 and isinstance(told[1], bytes) else None
    return _Space(kind, told[0], delimiter)


def _listed(client: Client, pattern: bytes) -> dict[bytes, Folder]:
    command = [b"LIST", b'""', quoted(pattern)]
    if client.can("LIST-STATUS"):
        uses = b"SPECIAL-USE " if client.can("SPECIAL-USE") else b""
        command += [b"RETURN", b"(" + uses + b"STATUS " + _fields(client) + b")"]
    found: dict[bytes, Folder] = {}
    told: dict[bytes, Standing] = {}
    for each in client.ask(*command):
        if each.word == "LIST":
            folder = _folder(each.values())
            if folder:
                found[folder.raw] = folder
        elif each.word == "STATUS":
            raw, standing = _standing(each)
            told[raw] = standing
        if len(found) > MOST:
            raise Broken(f"it has more than {MOST:,} mailboxes")
    for raw, standing in told.items():
        if raw in found:
            found[raw].standing = standing
    return found


def _folder(values: list[Value]) -> Folder | None:
    if len(values) < 3 or not isinstance(values[0], list) or not isinstance(values[2], bytes):
        raise Broken("it lists a mailbox without a name")
    attributes = {each.lower() for each in values[0] if isinstance(each, bytes)}
    if attributes & CLOSED:
        return None
    raw, delimiter = values[2], values[1] if isinstance(values[1], bytes) else None
    if any(byte in raw for byte in b"\r\n\0"):
        raise Broken("it lists a mailbox with a line break in its name")
    if raw.upper() == b"INBOX":
        raw = b"INBOX"
    uses = frozenset(
        each[1:].decode("ascii", "replace") for each in attributes if each[:1] == b"\\"
    )
    return Folder(raw, shown(raw, delimiter), uses)


def _ask_standing(client: Client, waiting: list[Folder]) -> None:
    by_name = {folder.raw: folder for folder in waiting}
    tags = [client.send(b"STATUS", quoted(raw), _fields(client)) for raw in by_name]
    for tag in tags:
        with suppress(Refused):  # one that cannot be asked is opened, and tells why not
            for each in client.answers(tag):
                if each.word == "STATUS":
                    raw, standing = _standing(each)
                    if raw in by_name:
                        by_name[raw].standing = standing


def _standing(told: Answer) -> tuple[bytes, Standing]:
    values = told.values()
    if len(values) != 2 or not isinstance(values[0], bytes):
        raise Broken("it tells how a mailbox without a name stands")
    raw = b"INBOX" if values[0].upper() == b"INBOX" else values[0]
    fields = {name: number(value) for name, value in pairs(values[1]).items()}
    return raw, Standing(
        fields.get("UIDVALIDITY", 0),
        fields.get("UIDNEXT", 0),
        fields.get("HIGHESTMODSEQ", 0),
        fields.get("MESSAGES", 0),
    )


def _fields(client: Client) -> bytes:
    return _FIELDS % (b" HIGHESTMODSEQ" if client.can("CONDSTORE") else b"")
