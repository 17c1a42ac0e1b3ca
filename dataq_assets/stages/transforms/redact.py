"""Puts the kind of a personal detail in its place: addresses, card numbers, account numbers."""

from __future__ import annotations

import re
from dataclasses import replace

from dataq_assets.stages.transform import Payload
from dataq_assets.stages.transforms.normalise import read_text

# Bounded repetitions: a hostile text must not cost more than a pass over it.
EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")


def apply(payload: Payload) -> Payload:
    """The text without them, as UTF-8; what is not text comes back as it is."""
    if payload.encoding is None:
        return payload
    text = read_text(payload)
    clean = EMAIL.sub("[e-mail]", text)
    clean = IBAN.sub(lambda m: "[account]" if is_iban(m[0]) else m[0], clean)
    clean = CARD.sub(lambda m: "[card]" if passes_luhn(m[0]) else m[0], clean)
    return payload if clean == text else replace(payload, data=clean.encode(), encoding="utf-8")


def is_iban(text: str) -> bool:
    """Whether the check digits hold (ISO 13616: the rearranged number is 1 modulo 97)."""
    compact = text.replace(" ", "")
    if not 15 <= len(compact) <= 34:
        return False
    digits = "".join(str(int(sign, 36)) for sign in compact[4:] + compact[:4])
    return int(digits) % 97 == 1


def passes_luhn(text: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    odd = digits[-1::-2]
    even = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(odd) + sum(even)) % 10 == 0
