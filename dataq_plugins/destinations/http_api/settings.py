"""The settings of the HTTP destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dataq_plugins.sdk import setting


@dataclass(frozen=True)
class Settings:
    """Where rows go, who says so, and how patient we are."""

    url: str = setting(doc="Where each delivery is sent. It is not redirected.", format="uri")
    method: Literal["POST", "PUT", "PATCH"] = setting("POST", doc="How it is sent.")
    body: Literal["array", "lines"] = setting(
        "array",
        doc="array: the rows as one JSON array. lines: a JSON object a line "
        "(application/x-ndjson).",
    )
    wrap: str = setting("", doc="Put the array into an object, under this name. Empty: do not.")
    headers: dict[str, str] = setting({}, doc="More headers, none of them secret.")
    auth: Literal["none", "bearer", "api_key", "basic", "oauth"] = setting(
        "none", doc="How we say who we are; oauth: by client credentials (RFC 6749, 4.4)."
    )
    token: str = setting("", doc="The bearer token or the API key.", secret=True)
    api_key_header: str = setting("X-API-Key", doc="The header that carries the API key.")
    username: str = setting("", doc="For basic.")
    password: str = setting("", doc="For basic.", secret=True)
    token_url: str = setting("", doc="For oauth: where tokens are given out.")
    client_id: str = setting("", doc="For oauth.")
    client_secret: str = setting("", doc="For oauth.", secret=True)
    scope: str = setting("", doc="For oauth; empty: what the server gives by itself.")
    idempotency_header: str = setting(
        "Idempotency-Key",
        doc="The header with the id of the delivery, the same however often it is sent. Where the "
        "receiver honours it, every row arrives exactly once. Empty: none.",
    )
    duplicate_statuses: list[int] = setting(
        [], doc="Statuses by which the receiver says that it has this delivery already."
    )
    attempts: int = setting(
        5, doc="How often a delivery is tried before it is given up.", minimum=1, maximum=100
    )
    backoff_seconds: float = setting(
        0.5,
        doc="The longest wait before the second try; it doubles with each, and what is waited is a "
        "random part of it. Retry-After is waited for at least.",
        minimum=0,
    )
    longest_wait_seconds: float = setting(
        60, doc="No wait is longer; who asks for more is taken to be away.", minimum=0
    )
    breaker_failures: int = setting(
        5, doc="After so many failures in a row nothing is sent for a while.", minimum=1
    )
    breaker_seconds: float = setting(
        30, doc="How long; then one try tells whether the receiver works again.", minimum=0
    )
    timeout_seconds: float = setting(
        30, doc="To connect, and for each piece of an answer.", minimum=0.001, maximum=3600
    )
    allow_private: bool = setting(
        False,
        doc="Also send to addresses of this machine and of private networks, which are refused "
        "otherwise, whatever the name in the URL leads to.",
    )
