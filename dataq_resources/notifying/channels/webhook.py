"""POSTs a notice as JSON, signed as Standard Webhooks wants it where there is a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from dataclasses import asdict
from http.client import HTTPException
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import field_validator

from dataq_plugins.host.secrets import is_reference, resolve
from dataq_resources.notifying.channel import SECONDS, Channel, NotDelivered
from dataq_resources.notifying.notice import Notice


class Settings(Channel):
    """Where to, and with which secret."""

    channel: Literal["webhook"]
    url: str
    secret: str | None = None
    """A reference; the secret is base64, with or without whsec_."""

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError("write a URL with http or https")
        return url

    @field_validator("secret")
    @classmethod
    def _secret(cls, secret: str | None) -> str | None:
        if secret is not None and not is_reference(secret):
            raise ValueError("refer to the secret as env:NAME or file:PATH, never write it here")
        return secret

    def send(self, notice: Notice) -> None:
        """Delivers it, or raises NotDelivered; the run's id tells a repetition."""
        body = json.dumps({"type": "run.failed", **asdict(notice)}).encode()
        headers = {"Content-Type": "application/json", **self._signature(notice.run_id, body)}
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310 - checked above
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=SECONDS) as answer:
                answer.read(1)
        except (OSError, HTTPException) as error:
            raise NotDelivered(f"{urlsplit(self.url).hostname}: {error}") from None

    def _signature(self, name: str, body: bytes) -> dict[str, str]:
        # https://www.standardwebhooks.com: HMAC-SHA256 over id, time and body.
        if self.secret is None:
            return {}
        when = str(int(time.time()))
        try:
            key = base64.b64decode(resolve(self.secret, "secret").removeprefix("whsec_"))
        except ValueError as error:
            raise NotDelivered(f"secret: {error}") from None
        signed = hmac.digest(key, f"{name}.{when}.".encode() + body, hashlib.sha256)
        return {
            "webhook-id": name,
            "webhook-timestamp": when,
            "webhook-signature": "v1," + base64.b64encode(signed).decode(),
        }


class _Stay(urllib.request.HTTPRedirectHandler):
    """What is signed for one place goes to no other one."""

    def redirect_request(self, *_: Any) -> None:
        return None
