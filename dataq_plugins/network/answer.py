"""What a server answers, or that it does not."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPMessage


class NoAnswer(Exception):
    """It is unknown whether the request arrived: the connection failed or took too long."""


@dataclass(frozen=True)
class Answer:
    """Status, headers and the beginning of the body."""

    status: int
    headers: HTTPMessage
    body: bytes
