"""Who is named in a field: display names apart from addresses, these in one form (RFC 5322)."""

from __future__ import annotations

import re
from email.utils import getaddresses
from typing import NamedTuple

from dataq_analyzers.mail.doubled import undoubled
from dataq_analyzers.mail.fields import Headers
from dataq_analyzers.mail.words import LONGEST, decode_words, plain

_SIMPLE_ADDRESS = re.compile(
    r"\s*(?:([^\"<>,;:()\[\]\\@]*?)\s*<([^\s<>,;:()\"\\@]+@[^\s<>,;:()\"\\@]+)>"
    r"|([^\s<>,;:()\"\\@]+@[^\s<>,;:()\"\\@]+))\s*"
)
_ATOMS = re.compile(r"[^\s\"(),.:;<>@\[\\\]]+(?:\.[^\s\"(),.:;<>@\[\\\]]+)*")
_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED_PAIR = re.compile(r"\\(.)", re.S)


class Person(NamedTuple):
    """A name and an address; the address is "" where the field says something else."""

    name: str
    address: str

    def __str__(self) -> str:
        if not self.address:
            return self.name
        return f"{self.name} <{self.address}>" if self.name else self.address


def people(headers: Headers, field: bytes) -> list[Person]:
    """Those that a field names, members of a group one by one; one without address for other text.

    The address is as it is written. A header is asked once for each field.
    """
    known = headers.people.get(field)
    if known is None:
        known = headers.people[field] = []
        for raw in headers.all(field):
            value = " ".join(plain(raw[:LONGEST], headers.charset).split())
            known += _simple(value) or _any(value)
    return known


def normal_addresses(found: list[Person]) -> tuple[str, ...]:
    """Their addresses in normal form, each once."""
    return tuple(dict.fromkeys(normal_address(each.address) for each in found if each.address))


def normal_address(address: str) -> str:
    """An address in one form: no comments nor needless quotes, the domain in ASCII (IDNA), small.

    The part before the @ is the receiver's business: its letters and a +tag stay.
    """
    while (bare := _COMMENT.sub("", address)) != address and len(address) < LONGEST:
        address = bare
    local, _, domain = address.strip().strip("<>").rpartition("@")
    local = local.strip()
    if len(local) > 1 and local[0] == local[-1] == '"':
        inner = _QUOTED_PAIR.sub(r"\1", local[1:-1])
        local = inner if _ATOMS.fullmatch(inner) else local
    return f"{local}@{_domain(domain.strip().rstrip('.').lower())}"


def _domain(domain: str) -> str:
    if domain.isascii():
        return domain
    import idna

    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return domain


def _simple(value: str) -> list[Person]:
    """The people of a field without quotes and comments, as most are; [] of any other."""
    found = []
    for piece in value.split(","):
        match = _SIMPLE_ADDRESS.fullmatch(piece)
        if match is None:
            return []
        found.append(_person(match.group(1) or "", match.group(2) or match.group(3)))
    return found


def _any(value: str) -> list[Person]:
    text = " ".join(decode_words(value).split())
    # Some programs encode the address together with the name, in which it then cannot be seen.
    for each in (value, text) if "@" in text and "@" not in value else (value,):
        found = [_person(name, address) for name, address in _pairs(each) if "@" in address]
        if found:
            return found
    return [Person(text, "")] if text else []


def _pairs(value: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([value])
    except (ValueError, IndexError, TypeError, RecursionError):
        return []


def _person(name: str, address: str) -> Person:
    return Person(undoubled(" ".join(decode_words(name).split())), address)
