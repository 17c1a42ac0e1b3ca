"""Who signed a delivery: Standard Webhooks, GitHub and GitLab, each in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from dataq_gateway.hooks.errors import Refused

SIGNATURES = 8
"""More in one header are not looked at."""
FORGED = "the signature is missing or is not that of this hook"
_ID = re.compile(r"[\x21-\x7e]{1,256}")
Headers = Mapping[str, str]


def verified_id(
    scheme: str,
    headers: Headers,
    body: bytes,
    secrets: Sequence[str],
    now: float,
    tolerance: float,
) -> str:
    """The id of a delivery that one of `secrets` signed; raises Refused (400, 401).

    `headers` are by lower-case name; `now` is Unix seconds, `tolerance` seconds either way, for
    the scheme that signs a time.
    """
    return _SCHEMES[scheme](headers, body, secrets, now, tolerance)


def standard_key(secret: str) -> bytes:
    """The key in a secret of Standard Webhooks: base64, after `whsec_`; raises ValueError."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("is not base64, with or without whsec_ before it") from None


def _standard(
    headers: Headers, body: bytes, secrets: Sequence[str], now: float, tolerance: float
) -> str:
    # https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    delivery, stamp = _id(headers, "webhook-id"), headers.get("webhook-timestamp", "")
    given = [
        _sent(each.removeprefix("v1,"))
        for each in headers.get("webhook-signature", "").split()
        if each.startswith("v1,")
    ]
    signed = b".".join((delivery.encode(), _sent(stamp), body))
    _expect(
        given,
        (
            base64.b64encode(hmac.digest(standard_key(secret), signed, hashlib.sha256))
            for secret in secrets
        ),
    )
    if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(now - int(stamp)) > tolerance:
        raise Refused(401, "webhook-timestamp is not near enough to the time of this server")
    return delivery


def _github(headers: Headers, body: bytes, secrets: Sequence[str], *_: float) -> str:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    given = [_sent(headers.get("x-hub-signature-256", ""))]
    _expect(
        given,
        (
            b"sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest().encode()
            for secret in secrets
        ),
    )
    return _id(headers, "x-github-delivery")


def _gitlab(headers: Headers, body: bytes, secrets: Sequence[str], *_: float) -> str:  # noqa: ARG001
    # https://docs.gitlab.com/user/project/integrations/webhooks: the token is the secret itself.
    # Hashed first, so that not even its length can be told from the time taken.
    given = _digest(_sent(headers.get("x-gitlab-token", "")))
    _expect([given], (_digest(secret.encode()) for secret in secrets))
    # Retries keep their key; older servers name only the event.
    named = "idempotency-key" if "idempotency-key" in headers else "x-gitlab-event-uuid"
    return _id(headers, named)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _expect(given: Sequence[bytes], right: Iterable[bytes]) -> None:
    """Raises Refused unless one is among the other; looks at all whatever it finds."""
    found = False
    for each in right:
        for one in given[:SIGNATURES]:
            found |= hmac.compare_digest(one, each)
    if not found:
        raise Refused(401, FORGED)


def _id(headers: Headers, name: str) -> str:
    found = headers.get(name, "")
    if not _ID.fullmatch(found):
        raise Refused(400, f"{name} must name the delivery, in at most 256 printable characters")
    return found


def _sent(header: str) -> bytes:
    return header.encode("latin-1", "replace")  # as servers read headers


_SCHEMES: dict[str, Callable[..., str]] = {
    "standard": _standard,
    "github": _github,
    "gitlab": _gitlab,
}
