"""Headers by which we say who we are."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from dataq_plugins.destinations.http_api.settings import Settings
from dataq_plugins.network.token_server import Grant, TokenServer

if TYPE_CHECKING:
    from dataq_plugins.network.client import Client

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
        self._server = TokenServer(_grant(settings), lambda: client)
        self._is_fresh = False

    def headers(self) -> dict[str, str]:
        """Raises Unreachable, SettingError where there is no token to be had."""
        token = self._server.kept
        if not token:
            token = self._server.fetch()
            self._is_fresh = True
        return {"Authorization": f"Bearer {token}"}

    def refused(self) -> bool:
        """Likewise: a token may have ended early."""
        self._server.forget()
        return not self._is_fresh

    def accepted(self) -> None:
        """From here on a refusal means that the token has ended."""
        self._is_fresh = False


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


def _grant(settings: Settings) -> Grant:
    scope = {"scope": settings.scope} if settings.scope else {}
    return Grant(
        settings.token_url,
        {"grant_type": "client_credentials", **scope},
        "client_secret",
        # RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
        _basic(quote_plus(settings.client_id), quote_plus(settings.client_secret)),
        EARLY_SECONDS,
        tells_wait=True,
    )


def _basic(name: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
