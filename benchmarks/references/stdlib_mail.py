"""What Python's own `email` with `policy.default` reads of a mail."""

from __future__ import annotations

from datetime import UTC
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


def read(data: bytes) -> dict[str, Any]:
    """The fields that tie a mail to people, time and others, and the bytes of every leaf."""
    message = message_from_bytes(data, policy=policy.default)
    date = message["Date"]
    return {
        "message_id": _ids(message, "Message-ID")[0],
        "in_reply_to": next(iter(_ids(message, "In-Reply-To")), None),
        "references": _ids(message, "References"),
        "sender": _people(message, "From")[0],
        "to": _people(message, "To"),
        "cc": _people(message, "Cc"),
        "date": date.datetime.astimezone(UTC) if date else None,
        "subject": str(message["Subject"]),
        "leaves": [
            (part.get_content_type(), part.get_filename(), part.get_payload(decode=True))
            for part in message.walk()
            if not part.is_multipart()
        ],
    }


def _ids(message: EmailMessage, name: str) -> tuple[str, ...]:
    return tuple(each.strip("<>") for each in str(message.get(name, "")).split())


def _people(message: EmailMessage, name: str) -> tuple[str, ...]:
    found = message[name]
    return tuple(_person(each) for each in found.addresses) if found else ()


def _person(address: Any) -> str:
    spec = address.addr_spec
    return f"{address.display_name} <{spec}>" if address.display_name else spec
