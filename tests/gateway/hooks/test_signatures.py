"""Signatures against the reference library, published examples, and ones that are wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from dataq_gateway.hooks.errors import Refused
from dataq_gateway.hooks.signatures import verified_id

NOW = 1_780_000_000
OTHER = "whsec_" + base64.b64encode(b"n" * 32).decode()


def standard(secret: str, body: bytes, name: str = "msg_1", at: int = NOW) -> dict[str, str]:
    signature = Webhook(secret).sign(name, datetime.fromtimestamp(at, UTC), body.decode())
    return {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": signature}


def verify(scheme: str, headers: dict[str, str], body: bytes, *secrets: str) -> str:
    return verified_id(scheme, headers, body, secrets, NOW, 300)


@given(st.binary(min_size=24, max_size=64), st.text(), st.integers(NOW - 300, NOW + 300))
def test_what_the_reference_library_signs_is_taken(key: bytes, text: str, at: int) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    body = text.encode("utf-8", "replace")
    headers = standard(secret, body, at=at)
    assert verify("standard", headers, body, secret) == "msg_1"
    assert verify("standard", headers, body, OTHER, secret) == "msg_1"
    two = {**headers, "webhook-signature": f"v1a,x v1,AAAA {headers['webhook-signature']}"}
    assert verify("standard", two, body, secret) == "msg_1"


def test_the_example_of_the_specification() -> None:
    # https://github.com/standard-webhooks/standard-webhooks, libraries' common test vector
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    found = verified_id("standard", headers, body, [secret], 1_614_265_330, 300)
    assert found == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_the_example_of_github() -> None:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": f"sha256={digest}", "x-github-delivery": "72d3162e"}
    secret = "It's a Secret to Everybody"
    assert verify("github", headers, b"Hello, World!", secret) == "72d3162e"
    assert verify("github", headers, b"Hello, World!", "another", secret) == "72d3162e"
    for wrong in ({"x-hub-signature-256": digest}, {"x-hub-signature-256": ""}):
        with pytest.raises(Refused) as refused:
            verify("github", headers | wrong, b"Hello, World!", secret)
        assert refused.value.status == 401


def test_the_token_of_gitlab_and_its_ids() -> None:
    headers = {"x-gitlab-token": "caf\xc3\xa9 of sixteen", "x-gitlab-event-uuid": "event"}
    assert verify("gitlab", headers, b"{}", "café of sixteen") == "event"
    assert verify("gitlab", headers | {"idempotency-key": "key"}, b"{}", "café of sixteen") == "key"
    with pytest.raises(Refused):
        verify("gitlab", headers, b"{}", "café of sixtee")
    with pytest.raises(Refused):
        verify("gitlab", {"x-gitlab-event-uuid": "event"}, b"{}", "café of sixteen")


def hmac_of(key: bytes, text: str) -> str:
    return "v1," + base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"webhook-id": "msg_2"}, 401),
        ({"webhook-timestamp": str(NOW + 1)}, 401),
        ({"webhook-timestamp": f"{NOW} "}, 401),
        ({"webhook-signature": ""}, 401),
        ({"webhook-signature": "v1,"}, 401),
        ({"webhook-signature": "v2," + "A" * 44}, 401),
        ({"webhook-signature": "v1,\xff"}, 401),
        ({"webhook-id": ""}, 400),
        ({"webhook-id": "x" * 257}, 400),
        ({"webhook-id": "a b"}, 400),
        # Signed well, but no time at all, one of a calculator, and ones too far away.
        *(
            (
                {"webhook-timestamp": at, "webhook-signature": hmac_of(b"n" * 32, f"m.{at}.{{}}")},
                401,
            )
            for at in ("", "1e9", "-1", "٣", str(NOW - 301), str(NOW + 301), "9" * 400)
        ),
    ],
    ids=str,
)
def test_what_is_not_right_is_refused(change: dict[str, str], status: int) -> None:
    headers = standard(OTHER, b"{}", name="m") | change
    with pytest.raises(Refused) as refused:
        verify("standard", headers, b"{}", OTHER)
    assert refused.value.status == status


def test_many_signatures_are_not_all_looked_at() -> None:
    headers = standard(OTHER, b"{}")
    headers["webhook-signature"] = "v1,AAAA " * 1_000 + headers["webhook-signature"]
    with pytest.raises(Refused):
        verify("standard", headers, b"{}", OTHER)


def test_a_right_signature_takes_as_long_as_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every secret is compared with every signature, whichever fits, and in constant time."""
    compared: list[bool] = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(real(one, other))
        return compared[-1]

    monkeypatch.setattr(hmac, "compare_digest", compare)
    third = "whsec_" + base64.b64encode(b"t" * 32).decode()
    for secrets in ((OTHER, third), (third, OTHER)):
        headers = standard(OTHER, b"{}")
        headers["webhook-signature"] += " v1,AAAA"
        compared.clear()
        assert verify("standard", headers, b"{}", *secrets) == "msg_1"
        assert (len(compared), sum(compared)) == (4, 1)
