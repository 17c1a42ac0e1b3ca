"""Access tokens by a refresh token (RFC 6749, 6), kept until they end."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataq_plugins.network.token_server import TokenServer
    from dataq_plugins.sources.imap.settings import Settings


class Tokens:
    """The access token of the settings, or those that the token server gives for them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self) -> str:
        """Return a token that is good now; raises Unreachable, SettingError."""
        if not self._settings.refresh_token:
            return self._settings.token
        return self._server.kept or self._server.fetch()

    @cached_property
    def _server(self) -> TokenServer:
        from dataq_plugins.network.client import Client
        from dataq_plugins.network.token_server import Grant, TokenServer

        settings = self._settings
        form = {
            "grant_type": "refresh_token",
            "refresh_token": settings.refresh_token,
            "client_id": settings.client_id,
            **({"client_secret": settings.client_secret} if settings.client_secret else {}),
            **({"scope": settings.scope} if settings.scope else {}),
        }
        grant = Grant(settings.token_url, form, "refresh_token", tells_error=True)
        # A client each time: between two tokens lies an hour, and no connection lasts that long.
        return TokenServer(grant, lambda: Client(settings.timeout_seconds, settings.allow_private))
