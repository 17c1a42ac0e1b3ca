"""Headers by which we say who we are."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlencode

from dataq_plugins.destinations.http_api.answer import NoAnswer
from dataq_plugins.destinations.http_api.backoff import retry_after
from dataq_plugins.destinations.http_api.settings import Settings
from dataq_plugins.sdk import SettingError, Unreachable

if TYPE_CHECKING:
    from dataq_plugins.destinations.http_api.client import Client

EARLY_SECONDS = 30
"""A token is asked for anew so long before it ends."""


class Fixed:
    """The same headers every time."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def headers(self) -> dict[str, str]:
        return self._headers

    def refused(self) -> bool:
        """Told that they were not good; whether another try with new ones makes sense."""
        return False


class ClientCredentials:
    """A token by OAuth 2 client credentials (RFC 6749, 4.4), kept until it ends."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._token = ""
        self._until = 0.0
        self._is_fresh = False

    def headers(self) -> dict[str, str]:
        """Raises Unreachable, SettingError where there is no token to be had."""
        if not self._token or time.monotonic() >= self._until:
            self._fetch()
            self._is_fresh = True
        return {"Authorization": f"Bearer {self._token}"}

    def refused(self) -> bool:
        """Likewise: a token may have ended early."""
        again = not self._is_fresh
        self._token = ""
        return again

    def accepted(self) -> None:
        """From here on a refusal means that the token has ended."""
        self._is_fresh = False

    def _fetch(self) -> None:
        settings = self._settings
        form = {"grant_type": "client_credentials"} | (
            {"scope": settings.scope} if settings.scope else {}
        )
        # RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
        who = _basic(quote_plus(settings.client_id), quote_plus(settings.client_secret))
        headers = {
            **who,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        try:
            answer = self._client.send(
                "POST", settings.token_url, urlencode(form).encode(), headers
            )
        except NoAnswer as error:
            raise Unreachable(f"the token server {settings.token_url} gives {error}") from None
        if answer.status == 429 or answer.status >= 500:
            wait = retry_after(answer.headers.get("Retry-After"))
            again = f", asks to wait {wait:g} s" if wait else ""
            raise Unreachable(f"the token server answered {answer.status}{again}")
        if answer.status != 200:
            raise SettingError("client_secret", f"the token server answered {answer.status}")
        try:
            told = json.loads(answer.body)
            self._token = str(told["access_token"])
            seconds = float(told.get("expires_in", 3600))
        except (ValueError, KeyError, TypeError):
            raise SettingError("token_url", "what it answers is no token") from None
        self._until = time.monotonic() + max(1.0, seconds - EARLY_SECONDS)


def credentials(settings: Settings, client: Client) -> Fixed | ClientCredentials:
    """What the settings say of it."""
    match settings.auth:
        case "bearer":
            return Fixed({"Authorization": f"Bearer {settings.token}"})
        case "api_key":
            return Fixed({settings.api_key_header: settings.token})
        case "basic":
            return Fixed(_basic(settings.username, settings.password))
        case "oauth":
            return ClientCredentials(settings, client)
        case _:
            return Fixed({})


def _basic(name: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
