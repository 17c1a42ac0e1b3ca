"""The token that requests for jobs, tasks and extractions carry."""

from __future__ import annotations

import hmac
import os

from fastapi import Request

from dataq_gateway.errors import CommandFailed

TOKEN = "DATAQ_JOBS_TOKEN"  # noqa: S105 - the name of the setting
SHORTEST = 16
REFUSAL = "the token is missing or wrong"
CHALLENGE = {"WWW-Authenticate": "Bearer", "Connection": "close"}


def token_of_setting() -> str:
    """The token; raises CommandFailed where it is not set, or short enough to be guessed."""
    token = os.environ.get(TOKEN, "")
    if len(token) < SHORTEST:
        raise CommandFailed(
            f"{TOKEN} is not set, or shorter than {SHORTEST} characters",
            do=f"export {TOKEN}=$(head -c 24 /dev/urandom | base64)",
        )
    return token


def is_let_in(request: Request, token: str) -> bool:
    """Whether a request carries the token."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())
