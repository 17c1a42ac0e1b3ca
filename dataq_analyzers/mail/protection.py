"""Which parts of a mail are signed or encrypted. Nothing is decrypted, no signature verified."""

from __future__ import annotations

from collections.abc import Iterator

from dataq_analyzers.interface import Finding
from dataq_analyzers.mail.attachments import filename
from dataq_analyzers.mail.leaves import Leaves
from dataq_analyzers.mail.mime import Part
from dataq_analyzers.mail.transfer import body_of

_PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURES = {
    "application/pgp-signature": "pgp_signed",
    "application/pkcs7-signature": "smime_signed",
    "application/x-pkcs7-signature": "smime_signed",
}
_SMIME_TYPES = {
    "enveloped-data": "smime_encrypted",
    "authenveloped-data": "smime_encrypted",
    "signed-data": "smime_signed_opaque",
    "compressed-data": "smime_compressed",
}
# The object identifiers of these (RFC 5652, 5083, 3274), which a content begins with.
_OBJECTS = {
    bytes.fromhex("2a864886f70d010703"): "smime_encrypted",
    bytes.fromhex("2a864886f70d0109100117"): "smime_encrypted",
    bytes.fromhex("2a864886f70d010702"): "smime_signed_opaque",
    bytes.fromhex("2a864886f70d0109100109"): "smime_compressed",
}
_INLINE = {
    "-----BEGIN PGP MESSAGE-----": "pgp_inline_encrypted",
    "-----BEGIN PGP SIGNED MESSAGE-----": "pgp_inline_signed",
}


def protections(leaves: Leaves) -> tuple[Finding, ...]:
    """The kinds, in order, each with the part that is signed or encrypted."""
    found: dict[Finding, None] = {}
    for part in leaves.tree.root.parts():
        found.update(dict.fromkeys(_of_part(leaves.tree.data, part)))
    for part in leaves.bodies:
        found.update(dict.fromkeys(_inline(leaves, part)))
    return tuple(found)


def is_signature(part: Part) -> bool:
    """Whether the part only proves another one, or says how that is encrypted."""
    return part.media_type in _SIGNATURES or part.media_type == "application/pgp-encrypted"


def _of_part(data: bytes, part: Part) -> Iterator[Finding]:
    if part.media_type == "multipart/signed" and part.children:
        protocol = part.parameters.get("protocol", "").lower()
        kinds = [_SIGNATURES.get(child.media_type, "") for child in part.children[1:2]]
        kind = _SIGNATURES.get(protocol) or "".join(kinds) or "signed"
        yield Finding(kind, part.children[0].number)
    elif part.media_type == "multipart/encrypted" and part.children:
        yield Finding("pgp_encrypted", part.children[-1].number)
    elif part.media_type in _PKCS7 or (filename(part) or "").lower().endswith(".p7m"):
        yield Finding(_smime(data, part), part.number)


def _smime(data: bytes, part: Part) -> str:
    """By what the part says; where it does not, by what its content begins with."""
    told = _SMIME_TYPES.get(part.parameters.get("smime-type", "").lower())
    if told:
        return told
    # The first bytes are enough, however they are encoded.
    head = body_of(data, part._replace(end=min(part.end, part.start + 1024)))[:64]
    return next((kind for mark, kind in _OBJECTS.items() if mark in head), "smime")


def _inline(leaves: Leaves, part: Part) -> Iterator[Finding]:
    text = leaves.text(part).decoded.text
    if "-----BEGIN PGP " in text:
        lines = {line.strip() for line in text.split("\n")}
        yield from (Finding(kind, part.number) for mark, kind in _INLINE.items() if mark in lines)
