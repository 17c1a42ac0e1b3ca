"""A server that gives out access tokens (OAuth 2, RFC 6749)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dataq_plugins.network.answer import Answer, NoAnswer
from dataq_plugins.network.backoff import retry_after
from dataq_plugins.sdk import SettingError, Unreachable

if TYPE_CHECKING:
    from dataq_plugins.network.client import Client


@dataclass(frozen=True)
class Grant:
    """What a token is asked for with, and how it is told that there is none."""

    url: str
    form: Mapping[str, str]
    setting: str
    """Which setting is to blame where the server says no; `token_url` for what is no token."""
    headers: Mapping[str, str] = field(default_factory=dict)
    early_seconds: float = 60
    """A token is asked for anew so long before it ends."""
    tells_wait: bool = False
    """Whether an error says how long the server asks to wait."""
    tells_error: bool = False
    """Whether an error says what the server calls it (RFC 6749, 5.2)."""


class TokenServer:
    """Gives a token, which is kept until shortly before its end."""

    def __init__(self, grant: Grant, client: Callable[[], Client]) -> None:
        """`client` gives what each token is asked over."""
        self._grant = grant
        self._client = client
        self._token = ""
        self._until = 0.0

    @property
    def kept(self) -> str:
        """The token that is there and good now as far as we know; empty where there is none."""
        return self._token if time.monotonic() < self._until else ""

    def forget(self) -> None:
        """Told that the token is no longer good."""
        self._token = ""

    def fetch(self) -> str:
        """Return a new token; raises Unreachable, SettingError."""
        answer = self._answer()
        try:
            told = json.loads(answer.body)
            self._token = str(told["access_token"])
            seconds = float(told.get("expires_in", 3600))
        except (ValueError, KeyError, TypeError):
            raise SettingError("token_url", "what it answers is no token") from None
        self._until = time.monotonic() + max(1.0, seconds - self._grant.early_seconds)
        return self._token

    def _answer(self) -> Answer:
        grant = self._grant
        headers = {
            **grant.headers,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        try:
            body = urlencode(grant.form).encode()
            answer = self._client().send("POST", grant.url, body, headers)
        except NoAnswer as error:
            raise Unreachable(f"the token server {grant.url} gives {error}") from None
        said = f"the token server answered {answer.status}"
        if answer.status == 429 or answer.status >= 500:
            wait = retry_after(answer.headers.get("Retry-After")) if grant.tells_wait else 0
            raise Unreachable(f"{said}, asks to wait {wait:g} s" if wait else said)
        if answer.status != 200:
            raise SettingError(grant.setting, said + (_error(answer) if grant.tells_error else ""))
        return answer


def _error(answer: Answer) -> str:
    """Return the error that the server names; nothing else of what it says."""
    try:
        told = str(json.loads(answer.body)["error"])
    except (ValueError, KeyError, TypeError):
        return ""
    return f" ({told[:60]})" if told.isprintable() else ""
