"""The destination: each delivery is one request, tried until it is taken or given up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from dataq_plugins.destinations.http_api.auth import ClientCredentials, credentials
from dataq_plugins.destinations.http_api.breaker import Breaker
from dataq_plugins.destinations.http_api.settings import Settings
from dataq_plugins.destinations.http_api.verdict import told, verdict
from dataq_plugins.network.answer import Answer, NoAnswer
from dataq_plugins.network.backoff import backoff, retry_after
from dataq_plugins.network.client import Client
from dataq_plugins.sdk import Delivery, Destination, Log, Receipt, SettingError, Unreachable

ALIVE_SECONDS = 10
"""While it waits it says so this often: the host takes silence for its end."""
NEEDED = {
    "bearer": ("token",),
    "api_key": ("token", "api_key_header"),
    "basic": ("username", "password"),
    "oauth": ("token_url", "client_id", "client_secret"),
}


class HttpApi(Destination[Settings]):
    """Sends rows to an HTTP API in batches, again with the same key where it is not sure."""

    id = "http_api"
    name = "HTTP API"
    version = "1"

    def __init__(self, config: Settings) -> None:
        super().__init__(config)
        self._client = Client(config.timeout_seconds, config.allow_private)
        self._credentials = credentials(config, self._client)
        self._breaker = Breaker(config.breaker_failures, config.breaker_seconds)
        self._given_up = 0
        self._stopped: Exception | None = None

    def configure(self) -> None:
        """Raises SettingError for what types cannot say."""
        for name in ("url", "token_url"):
            value = getattr(self.config, name)
            parts = urlsplit(value)
            if value and not (parts.scheme in ("http", "https") and parts.hostname):
                raise SettingError(name, "write an address: https://host/path")
            if parts.username or parts.password:
                raise SettingError(name, "holds a password: use auth, username and password")
        for name in NEEDED.get(self.config.auth, ()):
            if not getattr(self.config, name):
                raise SettingError(name, f"is needed for auth {self.config.auth}")
        if self.config.wrap and self.config.body == "lines":
            raise SettingError("wrap", "needs body array")

    def check(self) -> None:
        """Ask with OPTIONS, which changes nothing, whether the receiver is there and lets us in."""
        self.configure()
        headers = {**self.config.headers, **self._credentials.headers()}
        try:
            answer = self._client.send("OPTIONS", self.config.url, b"", headers)
        except NoAnswer as error:
            raise Unreachable(f"{self.config.url} gives {error}") from None
        if answer.status in (401, 403):
            raise self._not_let_in(answer)

    def deliver(self, delivery: Delivery) -> Iterator[Log | Receipt]:
        """Yield a receipt; raises Unreachable once two deliveries in a row were given up."""
        if self._stopped:
            raise self._stopped
        try:
            yield from self._tried(delivery)
        except (Unreachable, SettingError) as error:
            self._stopped = error
            raise

    def _tried(self, delivery: Delivery) -> Iterator[Log | Receipt]:
        reason = ""
        body, headers = self._body(delivery.rows), self._headers(delivery)
        for attempt in range(1, self.config.attempts + 1):
            yield from _asleep(self._breaker.wait(), "the receiver fails")
            try:
                answer = self._send(body, headers)
            except NoAnswer as error:
                answer, reason = None, str(error)
                self._breaker.failed()
            if answer is not None:
                receipt = self._judged(answer, attempt)
                if receipt:
                    yield receipt
                    return
                reason = told(answer)
            if not self._breaker.is_closed:
                break
            if attempt < self.config.attempts:
                yield from _asleep(self._pause(attempt, answer), reason)
        self._give_up(reason)
        yield Receipt("failed", f"{reason}, after {attempt} tries", attempts=attempt)

    def _judged(self, answer: Answer, attempt: int) -> Receipt | None:
        """The receipt, or None where it is to be tried again."""
        match verdict(answer, self.config.duplicate_statuses):
            case "delivered":
                self._breaker.succeeded()
                self._given_up = 0
                return Receipt("delivered", place=self._place(answer), attempts=attempt)
            case "refused":
                self._breaker.succeeded()
                return Receipt("refused", told(answer), attempts=attempt)
            case "who":
                raise self._not_let_in(answer)
            case "where":
                raise SettingError("url", f"{told(answer)}: check the address")
            case "again" if answer.status >= 500:
                self._breaker.failed()
        return None

    def _send(self, body: bytes, headers: dict[str, str]) -> Answer:
        answer = self._once(body, headers)
        if answer.status == 401 and self._credentials.refused():
            answer = self._once(body, headers)
        return answer

    def _once(self, body: bytes, headers: dict[str, str]) -> Answer:
        with_credentials = {**headers, **self._credentials.headers()}
        answer = self._client.send(self.config.method, self.config.url, body, with_credentials)
        if answer.status not in (401, 403) and isinstance(self._credentials, ClientCredentials):
            self._credentials.accepted()
        return answer

    def _pause(self, attempt: int, answer: Answer | None) -> float:
        asked = retry_after(answer.headers.get("Retry-After")) if answer else 0
        most = self.config.longest_wait_seconds
        if asked > most:
            raise Unreachable(
                f"the receiver asks to come back in {asked:g} s (longest_wait_seconds is {most:g})"
            )
        return max(asked, backoff(attempt, self.config.backoff_seconds, most))

    def _give_up(self, reason: str) -> None:
        """One that fails alone may be at fault itself; two in a row, and the receiver is."""
        self._given_up += 1
        if self._given_up > 1:
            raise Unreachable(f"it takes nothing now: {reason}")

    def _not_let_in(self, answer: Answer) -> SettingError:
        name = {"basic": "password", "oauth": "client_id", "none": "auth"}.get(
            self.config.auth, "token"
        )
        return SettingError(name, f"{told(answer)}: it does not let us in")

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        lines = self.config.body == "lines"
        found = {
            "Content-Type": "application/x-ndjson" if lines else "application/json",
            "User-Agent": "dataq",
            **self.config.headers,
        }
        if self.config.idempotency_header:
            found[self.config.idempotency_header] = delivery.id
        return found

    def _body(self, rows: bytes) -> bytes:
        if self.config.body == "lines":
            return rows + b"\n"
        array = b"[" + rows.replace(b"\n", b",") + b"]"  # no line break is in JSON on one line
        if self.config.wrap:
            import json

            return b"{" + json.dumps(self.config.wrap).encode() + b":" + array + b"}"
        return array

    def _place(self, answer: Answer) -> str:
        return answer.headers.get("Location") or self.config.url


def _asleep(seconds: float, reason: str) -> Iterator[Log]:
    """Wait; say so where it takes longer, before the host wonders."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if left > 1:
            yield Log(f"waiting {left:.0f} s: {reason}")
        time.sleep(min(left, ALIVE_SECONDS))
