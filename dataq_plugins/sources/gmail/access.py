"""Says who we are to Gmail: by a consent, or by a service account that acts for a user."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dataq_plugins.sdk import SettingError
from dataq_plugins.sources.gmail.addresses import refuse_unsafe
from dataq_plugins.sources.gmail.errors import READONLY, Again
from dataq_plugins.sources.gmail.settings import Settings
from dataq_plugins.sources.gmail.token_file import parsed, read_token
from dataq_plugins.sources.gmail.transport import NoAnswer, Transport

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address)
CONSENT_AGAIN = "give consent again: dataq sources auth NAME"


class Access:
    """The token of one account, renewed as it ends; for several threads."""

    def __init__(self, settings: Settings, home: Path, transport: Transport) -> None:
        self._service = bool(settings.service_account)
        self._setting, self._credentials = _credentials(settings, home)
        self._transport = transport
        self._lock = threading.Lock()

    def token(self) -> str:
        """Return a token that is good as far as we know.

        Raises Again where it cannot be renewed now, SettingError where it never will be.
        """
        with self._lock:
            if not self._credentials.valid:
                self._renew()
            return str(self._credentials.token)

    def refused(self, token: str) -> None:
        """Told that Gmail does not take this token: have another one, unless that is there."""
        with self._lock:
            if self._credentials.token == token:
                self._renew()

    def _renew(self) -> None:
        from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError

        try:
            self._credentials.refresh(Requester(self._transport))  # type: ignore[no-untyped-call]
        except TransportError as error:
            raise Again(f"the token server: {_line(error)}") from None
        except RefreshError as error:
            raise self._judged(error) from None
        except (GoogleAuthError, ValueError) as error:
            raise SettingError(self._setting, f"no token is to be had: {_line(error)}") from None

    def _judged(self, error: Exception) -> Exception:
        told = error.args[1] if len(error.args) > 1 else None
        code = str(told.get("error", "")) if isinstance(told, dict) else ""
        text = str(told.get("error_description", "")) if isinstance(told, dict) else _line(error)
        if getattr(error, "retryable", False):
            return Again(f"the token server: {code or text}")
        if self._service:
            return SettingError("service_account", _service_advice(code, text))
        if code == "invalid_grant":
            return SettingError(
                self._setting,
                f"Google no longer takes the token (invalid_grant: {text}). It was revoked, its "
                "password changed, it was not used for six months, or the project is still in "
                f"testing, where tokens end after seven days. {CONSENT_AGAIN}",
            )
        if code == "invalid_scope":
            return SettingError(
                self._setting,
                f"the consent does not include reading mail ({code}: {text}). {CONSENT_AGAIN}, and "
                f"leave the box for {READONLY} checked",
            )
        if code in ("invalid_client", "unauthorized_client", "deleted_client"):
            return SettingError(
                "client", f"Google does not know the OAuth client ({code}: {text}). {CONSENT_AGAIN}"
            )
        return SettingError(
            self._setting, f"no token is to be had ({code or 'no reason'}: {text}). {CONSENT_AGAIN}"
        )


def _service_advice(code: str, text: str) -> str:
    if code == "unauthorized_client":
        return (
            f"it may not act for this account ({code}: {text}): in the Admin console, under "
            f"domain-wide delegation, give its client id the scope {READONLY}"
        )
    if code == "invalid_grant":
        return (
            f"Google refuses it ({code}: {text}): is `account` a user of the domain, is the key "
            "still there, is this machine's clock right?"
        )
    return f"Google refuses it ({code or 'no reason'}: {text})"


def _credentials(settings: Settings, home: Path) -> tuple[str, Credentials]:
    """Return the setting to name when it fails, and what gives tokens."""
    if settings.service_account:
        return "service_account", _of_service(settings)
    if settings.token:
        return "token", of_consent("token", parsed("token", settings.token))
    path = settings.token_path(home)
    return "token_file", of_consent("token_file", read_token(path))


def of_consent(setting: str, told: Mapping[str, Any]) -> Credentials:
    """Return the credentials in what `dataq sources auth` wrote; raises SettingError."""
    from google.oauth2.credentials import Credentials

    missing = [each for each in ("refresh_token", "client_id") if not told.get(each)]
    if missing:
        raise SettingError(setting, f"the token has no {missing[0]}: {CONSENT_AGAIN}")
    uri = str(told.get("token_uri") or TOKEN_URI)
    refuse_unsafe(setting, uri)
    scopes = told.get("scopes") or [READONLY]
    return Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=told["refresh_token"],
        token_uri=uri,
        client_id=told["client_id"],
        client_secret=told.get("client_secret"),
        scopes=scopes,
    )


def _of_service(settings: Settings) -> Credentials:
    from google.auth.exceptions import GoogleAuthError
    from google.oauth2.service_account import Credentials

    told = parsed("service_account", settings.service_account)
    refuse_unsafe("service_account", str(told.get("token_uri") or TOKEN_URI))
    try:
        made: Credentials = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            {"token_uri": TOKEN_URI, **told}, scopes=[READONLY], subject=settings.account
        )
    except (GoogleAuthError, ValueError):
        raise SettingError("service_account", "is no key of a service account") from None
    return made


class TokenAnswer(NamedTuple):
    """As google-auth wants an answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Requester:
    """How google-auth reaches the token server: over our connections."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> TokenAnswer:
        """Raises google-auth's TransportError where no answer comes."""
        from google.auth.exceptions import TransportError

        data = body.encode() if isinstance(body, str) else body
        try:
            return TokenAnswer(*self._transport.send(method, url, data, headers or {}))
        except NoAnswer as error:
            raise TransportError(str(error)) from error  # type: ignore[no-untyped-call]


def _line(error: BaseException) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())[:300]
