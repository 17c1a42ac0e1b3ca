"""OAuth: consent, codes, access and refresh tokens, with all that may be wrong with them."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from base64 import b64decode
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from tests.emulators.gmail.calls import Answer, Call, as_json
from tests.emulators.gmail.service_accounts import JWT_BEARER, ServiceAccount
from tests.emulators.gmail.trees import base64url

LIFETIME = 3_599
MAIL = "https://mail.google.com/"
MODIFY = "https://www.googleapis.com/auth/gmail.modify"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"
METADATA = "https://www.googleapis.com/auth/gmail.metadata"
LABELS = "https://www.googleapis.com/auth/gmail.labels"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Grant:
    """What a user has allowed a client. `until` is Unix time, for access tokens only."""

    user: str
    scopes: tuple[str, ...]
    client: str
    redirect: str = ""
    challenge: str = ""
    method: str = "plain"
    refresh: str = ""
    until: float = 0.0


@dataclass
class Tokens:
    """`consent`: grant or deny. `granted` are the scopes that the user ticks, None for all."""

    client_id: str = "4711-emulator.apps.googleusercontent.com"
    client_secret: str = "GOCSPX-emulated"
    consent: str = "grant"
    granted: tuple[str, ...] | None = None
    user: str = ""  # who sits before the consent page, unless login_hint says so
    lifetime: int = LIFETIME
    ahead: float = 0.0  # by how many seconds this clock is ahead
    service: ServiceAccount = field(default_factory=ServiceAccount)
    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def now(self) -> float:
        return time.time() + self.ahead

    def holder(self, header: str) -> Grant | None:
        """Whose `Authorization` that is; None unless it is good now."""
        kind, _, token = header.partition(" ")
        grant = self.access.get(token.strip()) if kind.lower() == "bearer" else None
        return grant if grant and grant.until > self.now() else None

    def give(self, grant: Grant) -> dict[str, Any]:
        """A new access token, as the token endpoint answers."""
        token = "ya29." + secrets.token_urlsafe(90)
        with self.lock:
            self.access[token] = replace(grant, until=self.now() + self.lifetime)
        scope = " ".join(grant.scopes)
        return {
            "access_token": token,
            "expires_in": self.lifetime,
            "scope": scope,
            "token_type": "Bearer",
        }

    def allow(self, grant: Grant) -> str:
        """A refresh token, as after a consent."""
        token = "1//0" + secrets.token_urlsafe(60)
        self.refresh[token] = replace(grant, refresh=token)
        return token

    def revoke(self, token: str) -> bool:
        """Takes back a token; of a refresh token, all that came of it. False if there is none."""
        with self.lock:
            grant = self.refresh.get(token) or self.access.get(token)
            if grant is None:
                return False
            gone = {token, grant.refresh} - {""}
            self.refresh = {key: g for key, g in self.refresh.items() if key not in gone}
            self.access = {key: g for key, g in self.access.items() if not {key, g.refresh} & gone}
            return True

    def ask_consent(self, call: Call) -> Answer:
        """The consent page, its user has clicked: back to the client, or a page of an error."""
        wrong = self._wrong_request(call)
        if wrong:
            return Answer(400, f"<h1>Error 400: {wrong}</h1>".encode(), "text/html; charset=utf-8")
        redirect = call.first("redirect_uri")
        back = {"state": call.first("state")} if "state" in call.query else {}
        if self.consent != "grant":
            return _redirect(redirect, {**back, "error": "access_denied"})
        asked = tuple(call.first("scope").split())
        scopes = tuple(s for s in asked if self.granted is None or s in self.granted)
        code = "4/0A" + secrets.token_urlsafe(50)
        self.codes[code] = Grant(
            call.first("login_hint") or self.user,
            scopes,
            self.client_id,
            redirect,
            call.first("code_challenge"),
            call.first("code_challenge_method", "plain"),
        )
        return _redirect(redirect, {**back, "code": code, "scope": " ".join(scopes)})

    def _wrong_request(self, call: Call) -> str:
        redirect = urlsplit(call.first("redirect_uri"))
        if call.first("client_id") != self.client_id:
            return "invalid_client: The OAuth client was not found."
        if redirect.scheme != "http" or redirect.hostname not in LOOPBACK:
            return "redirect_uri_mismatch"
        if call.first("response_type") != "code":
            return "unsupported_response_type"
        if not call.first("scope"):
            return "invalid_request: Missing required parameter: scope"
        if call.first("code_challenge_method", "plain") not in {"plain", "S256"}:
            return "invalid_request: code_challenge_method"
        return ""

    def endpoint(self, call: Call) -> Answer:
        """POST /token."""
        form = {**_basic(call), **call.form()}
        kind = form.get("grant_type", "")
        if call.verb != "POST":
            return Answer(404)
        if kind == JWT_BEARER:
            return self._assertion(form)
        if form.get("client_id") != self.client_id:
            return _refused(401, "invalid_client", "The OAuth client was not found.")
        if form.get("client_secret") != self.client_secret:
            return _refused(401, "invalid_client", "Unauthorized")
        if kind == "refresh_token":
            return self._refreshed(form)
        if kind == "authorization_code":
            return self._redeemed(form)
        return _refused(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")

    def _assertion(self, form: dict[str, str]) -> Answer:
        # Not `now`: who signs has a clock of its own, which no test has set forward.
        claims, error = self.service.check(form.get("assertion", ""), time.time())
        if error:
            return _refused(*error)
        scopes = tuple(claims["scope"].split())
        return as_json(self.give(Grant(claims["sub"], scopes, self.service.email)))

    def _refreshed(self, form: dict[str, str]) -> Answer:
        grant = self.refresh.get(form.get("refresh_token", ""))
        if grant is None:
            return _refused(400, "invalid_grant", "Token has been expired or revoked.")
        wanted = tuple(form.get("scope", "").split()) or grant.scopes
        if not set(wanted) <= set(grant.scopes):
            return _refused(400, "invalid_scope", "Some requested scopes were invalid.")
        return as_json(self.give(replace(grant, scopes=wanted)))

    def _redeemed(self, form: dict[str, str]) -> Answer:
        """A code is good once, for who asked for it, and for the same address."""
        grant = self.codes.pop(form.get("code", ""), None)
        if grant is None:
            return _refused(400, "invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != grant.redirect:
            return _refused(400, "redirect_uri_mismatch", "Bad Request")
        verifier = form.get("code_verifier", "")
        if grant.method == "S256":
            verifier = base64url(hashlib.sha256(verifier.encode()).digest()).rstrip("=")
        if grant.challenge and not form.get("code_verifier"):
            return _refused(400, "invalid_grant", "Missing code verifier.")
        if verifier != grant.challenge:
            return _refused(400, "invalid_grant", "Invalid code verifier.")
        refresh = self.allow(grant)
        return as_json({**self.give(self.refresh[refresh]), "refresh_token": refresh})

    def revoke_endpoint(self, call: Call) -> Answer:
        """POST /revoke."""
        token = call.form().get("token") or call.first("token")
        if self.revoke(token):
            return as_json({})
        return _refused(400, "invalid_token", "Token expired or revoked")


def _basic(call: Call) -> dict[str, str]:
    """The client where it names itself in a header, as some libraries do (RFC 6749, 2.3.1)."""
    kind, _, text = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return {}
    try:
        name, _, secret = b64decode(text).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": unquote(name), "client_secret": unquote(secret)}


def _refused(status: int, error: str, description: str) -> Answer:
    return as_json({"error": error, "error_description": description}, status)


def _redirect(to: str, query: dict[str, str]) -> Answer:
    joint = "&" if urlsplit(to).query else "?"
    where = f"{to}{joint}{urlencode(query)}"
    return Answer(302, kind="text/html; charset=utf-8", headers=(("Location", where),))
