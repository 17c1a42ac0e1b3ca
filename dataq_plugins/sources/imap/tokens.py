"""Access tokens by a refresh token (RFC 6749, 6), kept until they end."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dataq_plugins.sdk import SettingError, Unreachable

if TYPE_CHECKING:
    from dataq_plugins.sources.imap.settings import Settings

EARLY_SECONDS = 60
"""A token is asked for anew so long before it ends."""


class Tokens:
    """The access token of the settings, or those that the token server gives for them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._token = ""
        self._until = 0.0

    def __call__(self) -> str:
        """Return a token that is good now; raises Unreachable, SettingError."""
        if not self._settings.refresh_token:
            return self._settings.token
        if not self._token or time.monotonic() >= self._until:
            self._fetch()
        return self._token

    def _fetch(self) -> None:
        from dataq_plugins.destinations.http_api.answer import NoAnswer
        from dataq_plugins.destinations.http_api.client import Client

        settings = self._settings
        form = {
            "grant_type": "refresh_token",
            "refresh_token": settings.refresh_token,
            "client_id": settings.client_id,
            **({"client_secret": settings.client_secret} if settings.client_secret else {}),
            **({"scope": settings.scope} if settings.scope else {}),
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        client = Client(settings.timeout_seconds, settings.allow_private)
        try:
            answer = client.send("POST", settings.token_url, urlencode(form).encode(), headers)
        except NoAnswer as error:
            raise Unreachable(f"the token server {settings.token_url} gives {error}") from None
        if answer.status == 429 or answer.status >= 500:
            raise Unreachable(f"the token server answered {answer.status}")
        if answer.status != 200:
            why = _reason(answer.body)
            raise SettingError("refresh_token", f"the token server answered {answer.status}{why}")
        try:
            told = json.loads(answer.body)
            self._token = str(told["access_token"])
            seconds = float(told.get("expires_in", 3600))
        except (ValueError, KeyError, TypeError):
            raise SettingError("token_url", "what it answers is no token") from None
        self._until = time.monotonic() + max(1.0, seconds - EARLY_SECONDS)


def _reason(body: bytes) -> str:
    """Return the error that the token server names; nothing else of what it says."""
    try:
        told = str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return ""
    return f" ({told[:60]})" if told.isprintable() else ""
