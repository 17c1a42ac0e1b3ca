"""OAuth: what users have allowed, and the codes and tokens that stand for it."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

from tests.emulators.gmail.service_accounts import ServiceAccount

LIFETIME = 3_599
MAIL = "https://mail.google.com/"
MODIFY = "https://www.googleapis.com/auth/gmail.modify"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"
METADATA = "https://www.googleapis.com/auth/gmail.metadata"
LABELS = "https://www.googleapis.com/auth/gmail.labels"


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

    def offer(self, grant: Grant) -> str:
        """A code for a grant, to be redeemed once."""
        code = "4/0A" + secrets.token_urlsafe(50)
        self.codes[code] = grant
        return code

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
