"""What Gmail's answers mean, named by what is to be done about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from dataq_plugins.sdk import SettingError, Unreachable

RATE = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
DAILY = frozenset({"dailyLimitExceeded", "quotaExceeded", "dailyLimitExceededUnreg"})
SCOPE = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
DISABLED = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
READONLY = "https://www.googleapis.com/auth/gmail.readonly"


class Again(Exception):
    """Nothing is wrong with the request: try it later, after `seconds` if the server says so."""

    def __init__(self, reason: str, seconds: float = 0.0, *, slower: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.slower = slower


class TokenRefused(Exception):
    """The token has ended: get a new one, once."""


class NotFound(Exception):
    """What was asked for is not there, or no more."""


class StalePage(Exception):
    """The next page can no longer be had: begin with the first."""


RESTARTS = 5


def restarted(count: int, error: StalePage) -> int:
    """Return how often a list was begun again, with this time; raises Unreachable."""
    if count >= RESTARTS:
        raise Unreachable(f"Gmail's lists never come to an end: {error}") from None
    return count + 1


class Refusal(NamedTuple):
    """What an answer other than 200 says: its status, its reasons in one word each, its text."""

    status: int
    reasons: frozenset[str]
    text: str

    def __str__(self) -> str:
        return f"{self.status} {self.text}".strip()


def refusal_of(status: int, body: bytes) -> Refusal:
    """Return what the body of an error says, however little."""
    try:
        error = json.loads(body)["error"]
        if not isinstance(error, dict):
            return Refusal(status, frozenset({str(error)}), str(error)[:300])
        told = [*error.get("errors", ()), *error.get("details", ())]
        reasons = {str(each["reason"]) for each in told if "reason" in each}
        text = " ".join(str(error.get("message", "")).split())
        return Refusal(status, frozenset(reasons), text[:300])
    except (ValueError, KeyError, TypeError, AttributeError):
        return Refusal(status, frozenset(), "")


def expect_success(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise what is to be done about an answer that is none.

    Again, TokenRefused, NotFound; SettingError and Unreachable where the run has to end.
    """
    if status == 200:
        return
    refusal = refusal_of(status, body)
    if status == 401:
        raise TokenRefused(str(refusal))
    if status == 404:
        raise NotFound(str(refusal))
    if status == 400 and "pagetoken" in refusal.text.lower().replace(" ", ""):
        raise StalePage(str(refusal))
    if refusal.reasons & DAILY:
        raise Unreachable(f"Gmail's quota of the day is used up: {refusal}")
    limited = status == 429 or bool(refusal.reasons & RATE)
    if limited or status in (408, 500, 502, 503, 504):
        raise Again(str(refusal), _asked_wait(headers), slower=limited)
    raise _for_good(refusal)


def _for_good(refusal: Refusal) -> Exception:
    if refusal.reasons & SCOPE or (refusal.status == 403 and "scope" in refusal.text.lower()):
        return SettingError(
            "token",
            f"it does not allow to read mail ({refusal}): give consent again with `dataq sources "
            f"auth`, and leave the box for {READONLY} checked",
        )
    if refusal.reasons & DISABLED:
        return SettingError(
            "client", f"its project has no Gmail API: enable it in Google's console ({refusal})"
        )
    if 300 <= refusal.status < 400:
        return SettingError("endpoint", f"it sends us elsewhere ({refusal.status}): not followed")
    if refusal.status == 403:
        return SettingError("account", f"we are not let in: {refusal}")
    if refusal.status == 400 and "failedPrecondition" in refusal.reasons:
        return SettingError("account", f"has no mailbox: {refusal}")
    if refusal.status == 400 and "query" in refusal.text.lower():
        return SettingError("query", f"Gmail does not understand it: {refusal}")
    return Unreachable(f"Gmail answered {refusal}")


def _asked_wait(headers: Mapping[str, str]) -> float:
    from dataq_plugins.network.backoff import retry_after

    return retry_after(headers.get("retry-after"))
