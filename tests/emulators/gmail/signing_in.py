"""OAuth over HTTP: the consent page, the token endpoint, and what may be wrong with requests."""

from __future__ import annotations

import hashlib
import time
from base64 import b64decode
from dataclasses import replace
from urllib.parse import unquote, urlencode, urlsplit

from tests.emulators.gmail.calls import Answer, Call, as_json
from tests.emulators.gmail.service_accounts import JWT_BEARER
from tests.emulators.gmail.tokens import Grant, Tokens
from tests.emulators.gmail.trees import base64url

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class SigningIn:
    """What is asked before the API is: each method answers one path."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def ask_consent(self, call: Call) -> Answer:
        """The consent page, its user has clicked: back to the client, or a page of an error."""
        wrong = self._wrong_request(call)
        if wrong:
            return Answer(400, f"<h1>Error 400: {wrong}</h1>".encode(), "text/html; charset=utf-8")
        redirect = call.first("redirect_uri")
        back = {"state": call.first("state")} if "state" in call.query else {}
        if self._tokens.consent != "grant":
            return _redirect(redirect, {**back, "error": "access_denied"})
        ticked, asked = self._tokens.granted, call.first("scope").split()
        scopes = tuple(scope for scope in asked if ticked is None or scope in ticked)
        grant = Grant(
            call.first("login_hint") or self._tokens.user,
            scopes,
            self._tokens.client_id,
            redirect,
            call.first("code_challenge"),
            call.first("code_challenge_method", "plain"),
        )
        code = self._tokens.offer(grant)
        return _redirect(redirect, {**back, "code": code, "scope": " ".join(scopes)})

    def _wrong_request(self, call: Call) -> str:
        redirect = urlsplit(call.first("redirect_uri"))
        if call.first("client_id") != self._tokens.client_id:
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
        if form.get("client_id") != self._tokens.client_id:
            return _refused(401, "invalid_client", "The OAuth client was not found.")
        if form.get("client_secret") != self._tokens.client_secret:
            return _refused(401, "invalid_client", "Unauthorized")
        if kind == "refresh_token":
            return self._refreshed(form)
        if kind == "authorization_code":
            return self._redeemed(form)
        return _refused(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")

    def _assertion(self, form: dict[str, str]) -> Answer:
        # Not the clock of tokens: who signs has a clock of its own, which no test has set forward.
        claims, error = self._tokens.service.check(form.get("assertion", ""), time.time())
        if error:
            return _refused(*error)
        scopes = tuple(claims["scope"].split())
        return as_json(self._tokens.give(Grant(claims["sub"], scopes, self._tokens.service.email)))

    def _refreshed(self, form: dict[str, str]) -> Answer:
        grant = self._tokens.refresh.get(form.get("refresh_token", ""))
        if grant is None:
            return _refused(400, "invalid_grant", "Token has been expired or revoked.")
        wanted = tuple(form.get("scope", "").split()) or grant.scopes
        if not set(wanted) <= set(grant.scopes):
            return _refused(400, "invalid_scope", "Some requested scopes were invalid.")
        return as_json(self._tokens.give(replace(grant, scopes=wanted)))

    def _redeemed(self, form: dict[str, str]) -> Answer:
        """A code is good once, for who asked for it, and for the same address."""
        grant = self._tokens.codes.pop(form.get("code", ""), None)
        if grant is None:
            return _refused(400, "invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != grant.redirect:
            return _refused(400, "redirect_uri_mismatch", "Bad Request")
        if grant.challenge and not _answers(grant, form.get("code_verifier", "")):
            return _refused(400, "invalid_grant", "Invalid code verifier.")
        refresh = self._tokens.allow(grant)
        access = self._tokens.give(self._tokens.refresh[refresh])
        return as_json({**access, "refresh_token": refresh})

    def revoke(self, call: Call) -> Answer:
        """POST /revoke."""
        token = call.form().get("token") or call.first("token")
        if self._tokens.revoke(token):
            return as_json({})
        return _refused(400, "invalid_token", "Token expired or revoked")

    def tokeninfo(self, call: Call) -> Answer:
        token = call.first("access_token") or call.form().get("access_token", "")
        grant = self._tokens.holder(f"Bearer {token}")
        if grant is None:
            return as_json({"error": "invalid_token", "error_description": "Invalid Value"}, 400)
        left = str(int(grant.until - self._tokens.now()))
        known = {"scope": " ".join(grant.scopes), "expires_in": left, "email": grant.user}
        return as_json({"azp": grant.client, "aud": grant.client, **known})


def _answers(grant: Grant, verifier: str) -> bool:
    """Whether the verifier is one, and that of the challenge (RFC 7636)."""
    if grant.method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        return 43 <= len(verifier) <= 128 and base64url(digest).rstrip("=") == grant.challenge
    return verifier == grant.challenge


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
