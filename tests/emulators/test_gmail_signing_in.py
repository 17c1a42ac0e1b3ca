"""OAuth: consent on loopback, codes, refresh, expiry, revocation, scopes, service accounts."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.emulators.client import Client
from tests.emulators.gmail import LABELS, METADATA, MODIFY, READONLY, Gmail
from tests.emulators.gmail.mailboxes import Mailbox
from tests.emulators.gmail.service_accounts import (
    BITS,
    EXPONENT,
    JWT_BEARER,
    SHA256,
    TOKEN_URI,
    Key,
)
from tests.emulators.gmail.trees import base64url

USER = "ana@example.org"
BACK = "http://127.0.0.1:5/done"
VERIFIER = "v" * 50
CHALLENGE = base64url(hashlib.sha256(VERIFIER.encode()).digest()).rstrip("=")


def consented(client: Client, gmail: Gmail, **changed: str) -> tuple[int, dict[str, str]]:
    """Where the consent page leads: its status, and what it tells the client."""
    query = {
        "client_id": gmail.client_secrets()["installed"]["client_id"],
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": READONLY,
        "state": "4711",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changed,
    }
    reply = client.ask("GET", f"/o/oauth2/v2/auth?{urlencode(query)}")
    where = urlsplit(reply.headers.get("location", ""))
    return reply.status, {name: values[0] for name, values in parse_qs(where.query).items()}


def redeemed(client: Client, gmail: Gmail, code: str, **changed: str) -> Any:
    installed = gmail.client_secrets()["installed"]
    form = {
        "grant_type": "authorization_code",
        "client_id": installed["client_id"],
        "client_secret": installed["client_secret"],
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "code": code,
        **changed,
    }
    return client.post("/token", **form).json


def refreshed(client: Client, held: dict[str, str], **changed: str) -> Any:
    form = {key: held[key] for key in ("client_id", "client_secret", "refresh_token")}
    return client.post("/token", grant_type="refresh_token", **{**form, **changed}).json


def test_consent_to_reading(gmail: Gmail, box: Mailbox, client: Client) -> None:
    client.token = ""
    status, told = consented(client, gmail)
    assert (status, told["state"], told["scope"]) == (302, "4711", READONLY)
    tokens = redeemed(client, gmail, told["code"])
    assert tokens["token_type"] == "Bearer" and tokens["expires_in"] == 3_599
    client.token = tokens["access_token"]
    assert client.get("/profile").json["emailAddress"] == USER
    assert redeemed(client, gmail, told["code"])["error"] == "invalid_grant"  # once only


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "other"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://192.0.2.1/"},
        {"scope": ""},
        {"response_type": "token"},
    ],
)
def test_consent_that_is_not_asked(client: Client, gmail: Gmail, changed: dict[str, str]) -> None:
    assert consented(client, gmail, **changed) == (400, {})


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "w" * 50}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:6/"}, "redirect_uri_mismatch"),
        ({"client_secret": "other"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_codes_that_are_not_redeemed(
    client: Client, gmail: Gmail, box: Mailbox, changed: dict[str, str], error: str
) -> None:
    code = consented(client, gmail)[1]["code"]
    assert redeemed(client, gmail, code, **changed)["error"] == error


def test_verifiers_have_43_characters(client: Client, gmail: Gmail, box: Mailbox) -> None:
    for short, error in (
        ("v" * 42, "invalid_grant"),
        ("v" * 43, None),
        ("v" * 129, "invalid_grant"),
    ):
        challenge = base64url(hashlib.sha256(short.encode()).digest()).rstrip("=")
        code = consented(client, gmail, code_challenge=challenge)[1]["code"]
        assert redeemed(client, gmail, code, code_verifier=short).get("error") == error


def test_denied(client: Client, gmail: Gmail) -> None:
    gmail.consent("deny")
    assert consented(client, gmail) == (302, {"error": "access_denied", "state": "4711"})


def test_only_some_scopes_ticked(client: Client, gmail: Gmail) -> None:
    gmail.consent(granted=[LABELS])
    told = consented(client, gmail, scope=f"{READONLY} {LABELS}")[1]
    tokens = redeemed(client, gmail, told["code"])
    assert tokens["scope"] == LABELS
    client.token = tokens["access_token"]
    assert client.get("/labels").status == 200
    refused = client.get("/messages")
    assert (refused.status, refused.reason) == (403, "insufficientPermissions")


def test_tokens_expire_and_are_refreshed(gmail: Gmail, box: Mailbox, client: Client) -> None:
    held = gmail.authorized_user(USER)
    client.token = refreshed(client, held)["access_token"]
    assert client.get("/profile").status == 200
    gmail.advance(3_700)
    old = client.get("/profile")
    assert (old.status, old.reason) == (401, "authError")
    assert "invalid_token" in old.headers["www-authenticate"]
    client.token = refreshed(client, held)["access_token"]
    assert client.get("/profile").status == 200


def test_wider_scopes_are_not_had_by_refreshing(gmail: Gmail, client: Client) -> None:
    held = gmail.authorized_user(USER, METADATA)
    assert refreshed(client, held, scope=MODIFY)["error"] == "invalid_scope"
    assert refreshed(client, held, scope=METADATA)["scope"] == METADATA


@pytest.mark.parametrize("by", ["user", "client"])
def test_revoked(gmail: Gmail, box: Mailbox, client: Client, by: str) -> None:
    held = gmail.authorized_user(USER)
    client.token = refreshed(client, held)["access_token"]
    if by == "user":
        gmail.revoke(USER)
    else:
        assert client.post("/revoke", token=held["refresh_token"]).status == 200
        assert client.post("/revoke", token=held["refresh_token"]).status == 400
    assert client.get("/profile").status == 401
    assert refreshed(client, held)["error"] == "invalid_grant"


def test_metadata_scope(gmail: Gmail, box: Mailbox, client: Client) -> None:
    made = box.add(b"Subject: a\r\n\r\nb")
    client.token = gmail.access_token(USER, METADATA)
    assert client.get(f"/messages/{made}", format="metadata").status == 200
    assert client.get("/history", startHistoryId="4711").status == 200
    for path, query in ((f"/messages/{made}", {"format": "raw"}), ("/messages", {"q": "a"})):
        assert client.get(path, **query).status == 403
    assert client.get(f"/messages/{made}").status == 403


def test_several_users(gmail: Gmail, box: Mailbox, client: Client) -> None:
    other = gmail.mailbox("bo@example.org").add(b"Subject: his\r\n\r\n")
    assert client.get(f"/messages/{other}").status == 404
    whose = "/gmail/v1/users/bo@example.org/profile"
    refused = client.ask("GET", whose)
    assert (refused.status, refused.reason) == (403, "forbidden")
    client.token = gmail.access_token("bo@example.org")
    assert client.ask("GET", whose).json["messagesTotal"] == 1
    client.token = gmail.access_token("nobody@example.org")
    assert client.get("/profile").reason == "failedPrecondition"


def signed(key: Key, claims: dict[str, Any], algorithm: str = "RS256") -> str:
    """A JWT, signed by this test itself (RFC 7515, RFC 8017)."""
    head = {"alg": algorithm, "typ": "JWT"}
    content = ".".join(base64url(json.dumps(each).encode()).rstrip("=") for each in (head, claims))
    size = BITS // 8
    digest = SHA256 + hashlib.sha256(content.encode()).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    d = pow(EXPONENT, -1, (key.p - 1) * (key.q - 1))
    signature = pow(int.from_bytes(padded, "big"), d, key.modulus).to_bytes(size, "big")
    return f"{content}.{base64url(signature).rstrip('=')}"


def test_service_account(gmail: Gmail, box: Mailbox, client: Client) -> None:
    told = gmail.service_account(READONLY)
    assert told["private_key"].startswith("-----BEGIN PRIVATE KEY-----\n")
    key = gmail._service.tokens.service.key
    now = int(time.time())
    good = {
        "iss": told["client_email"],
        "scope": READONLY,
        "aud": told["token_uri"],
        "iat": now,
        "exp": now + 3_600,
        "sub": USER,
    }

    def asked(claims: dict[str, Any], assertion: str = "", algorithm: str = "RS256") -> Any:
        sent = assertion or signed(key, claims, algorithm)
        return client.post("/token", grant_type=JWT_BEARER, assertion=sent).json

    client.token = asked(good)["access_token"]
    assert client.get("/profile").json["emailAddress"] == USER
    assert "access_token" in asked({**good, "aud": TOKEN_URI})
    for changed, error in (
        ({"sub": "eve@other.example"}, "unauthorized_client"),
        ({"sub": ""}, "unauthorized_client"),
        ({"scope": MODIFY}, "unauthorized_client"),
        ({"iss": "other"}, "invalid_grant"),
        ({"aud": "other"}, "invalid_grant"),
        ({"exp": now + 7_200}, "invalid_grant"),
        ({"iat": now - 9_000, "exp": now - 5_400}, "invalid_grant"),
    ):
        assert asked({**good, **changed})["error"] == error, changed
    forged = signed(key, good)
    assert asked({}, forged[:-8] + "AAAAAAAA")["error"] == "invalid_grant"
    assert asked(good, algorithm="none")["error"] == "invalid_grant"
    assert asked({}, "x.y")["error"] == "invalid_grant"
