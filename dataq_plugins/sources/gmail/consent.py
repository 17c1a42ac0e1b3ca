"""Asks a person for consent in the browser: OAuth 2 for installed apps, with PKCE, on loopback.

RFC 8252 and RFC 7636. https://developers.google.com/identity/protocols/oauth2/native-app
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from dataq_plugins.sdk import SettingError, Unreachable
from dataq_plugins.sources._home import dataq_home
from dataq_plugins.sources.gmail.access import TOKEN_URI
from dataq_plugins.sources.gmail.addresses import refuse_unsafe
from dataq_plugins.sources.gmail.errors import READONLY
from dataq_plugins.sources.gmail.settings import Settings
from dataq_plugins.sources.gmail.token_file import parsed, write_token
from dataq_plugins.sources.gmail.transport import NoAnswer, Transport

SETTINGS = Settings
AUTH_URI = "https://accounts.google.com/o/oauth2/auth"


@dataclass(frozen=True)
class OAuthClient:
    """The installed app that asks: from the JSON file of Google's console."""

    client_id: str
    client_secret: str
    auth_uri: str
    token_uri: str

    @classmethod
    def of(cls, text: str) -> OAuthClient:
        """Raises SettingError where the text is no such file."""
        if not text:
            raise SettingError(
                "client", "is needed: the OAuth client's JSON file, as client: file:PATH"
            )
        told = parsed("client", text)
        if "web" in told and "installed" not in told:
            raise SettingError("client", "is of a web application: make one of type Desktop app")
        installed = told.get("installed")
        if not isinstance(installed, dict) or not installed.get("client_id"):
            raise SettingError("client", "is no file of an OAuth client of type Desktop app")
        found = cls(
            str(installed["client_id"]),
            str(installed.get("client_secret", "")),
            str(installed.get("auth_uri") or AUTH_URI),
            str(installed.get("token_uri") or TOKEN_URI),
        )
        refuse_unsafe("client", found.auth_uri)
        refuse_unsafe("client", found.token_uri)
        return found


def consent(
    settings: Settings,
    show: Callable[[str], None],
    port: int = 0,
    seconds: float = 600.0,
) -> str:
    """Have the user consent at the address given to `show`; return where the token is now.

    Raises SettingError where it was refused, Unreachable where nobody came or Google is away.
    """
    settings.refuse_unclear()
    if settings.service_account:
        raise SettingError("service_account", "acts for the account: it needs nobody's consent")
    client = OAuthClient.of(settings.client)
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(24)
    with _Listener(port, state) as listener:
        redirect = f"http://127.0.0.1:{listener.server_port}/"
        asked = {
            "client_id": client.client_id,
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": READONLY,
            "access_type": "offline",
            "prompt": "consent",
            "login_hint": settings.account,
            "state": state,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        show(f"{client.auth_uri}?{urlencode(asked)}")
        code = listener.code(seconds)
    transport = Transport(settings.timeout_seconds)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "redirect_uri": redirect,
    }
    try:
        told = _exchanged(transport, client.token_uri, form)
    finally:
        transport.close()
    path = settings.token_path(dataq_home())
    write_token(path, _token(client, told, settings.account))
    return str(path)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _exchanged(transport: Transport, uri: str, form: Mapping[str, str]) -> dict[str, Any]:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        answer = transport.send("POST", uri, urlencode(form).encode(), headers)
        told = json.loads(answer.body)
    except NoAnswer as error:
        raise Unreachable(f"the token server gives no answer: {error}") from None
    except ValueError:
        raise Unreachable(f"the token server answered {answer.status}, and no JSON") from None
    if answer.status != 200 or not isinstance(told, dict):
        why = told.get("error", "") if isinstance(told, dict) else ""
        text = told.get("error_description", "") if isinstance(told, dict) else ""
        raise SettingError("client", f"Google gives no token: {answer.status} {why} {text}".strip())
    return told


def _token(client: OAuthClient, told: Mapping[str, Any], account: str) -> dict[str, Any]:
    """What is kept; raises SettingError for a consent that is not enough."""
    scopes = str(told.get("scope", READONLY)).split()
    if READONLY not in scopes:
        raise SettingError(
            "token", f"the box for reading mail was not checked: try again, and check {READONLY}"
        )
    if not told.get("refresh_token"):
        raise SettingError(
            "token",
            "Google gave no refresh token: take this app's access away at "
            "https://myaccount.google.com/permissions, and try again",
        )
    return {
        "type": "authorized_user",
        "account": account,
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "refresh_token": str(told["refresh_token"]),
        "token_uri": client.token_uri,
        "scopes": [READONLY],
    }


class _Listener(HTTPServer):
    """Waits on loopback for the browser to come back; other requests do no harm."""

    def __init__(self, port: int, state: str) -> None:
        self.answer: dict[str, str] = {}
        self.state = state
        try:
            super().__init__(("127.0.0.1", port), _Page)
        except OSError as error:
            raise Unreachable(f"port {port} cannot be listened on: {error.strerror}") from None

    def code(self, seconds: float) -> str:
        """The code of the consent; raises SettingError where it was refused, Unreachable."""
        until = time.monotonic() + seconds
        while not self.answer:
            self.timeout = until - time.monotonic()
            if self.timeout <= 0:
                raise Unreachable(f"nobody gave consent within {seconds:g} s: try again")
            self.handle_request()
        if "code" not in self.answer:
            why = self.answer.get("error", "no reason")
            raise SettingError("token", f"consent was not given: {why}")
        return self.answer["code"]


class _Page(BaseHTTPRequestHandler):
    """The page that the browser ends on."""

    server: _Listener
    timeout = 5.0

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        told = {name: values[0] for name, values in query.items()}
        ours = secrets.compare_digest(told.get("state", ""), self.server.state)
        if not ours or not {"code", "error"} & told.keys():
            self._say(404, "Nothing is here.")
            return
        self.server.answer = told
        refused = "code" not in told
        text = "Consent was not given." if refused else "DataQ may read this mailbox now."
        self._say(200, f"{text} You can close this page.")

    def _say(self, status: int, text: str) -> None:
        body = f"<!doctype html><meta charset=utf-8><title>DataQ</title><p>{html.escape(text)}"
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 (as the class calls it)
        """Nothing: the line would show the code."""
