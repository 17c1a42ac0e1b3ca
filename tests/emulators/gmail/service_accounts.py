"""A service account that acts for users of its domain: its key, and what it signs with it."""

from __future__ import annotations

import json
import random
import re
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # what google-auth names, wherever it asks
BITS = 2_048
EXPONENT = 65_537
SMALL = [n for n in range(3, 2_000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]
# DER of the beginning of what PKCS #1 v1.5 signs: the algorithm SHA-256
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
Error = tuple[int, str, str]


@dataclass(frozen=True)
class Key:
    """An RSA key of two primes. Of no secret: it is the same in each run."""

    p: int
    q: int

    @property
    def modulus(self) -> int:
        return self.p * self.q

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.2)."""
        size = BITS // 8
        digest = SHA256 + sha256(content).digest()
        padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
        signed = pow(int.from_bytes(signature, "big"), EXPONENT, self.modulus)
        return len(signature) == size and signed.to_bytes(size, "big") == padded

    def pem(self) -> str:
        """PKCS #8."""
        d = pow(EXPONENT, -1, (self.p - 1) * (self.q - 1))
        numbers = (0, self.modulus, EXPONENT, d, self.p, self.q, d % (self.p - 1), d % (self.q - 1))
        plain = _der(0x30, *map(_integer, (*numbers, pow(self.q, -1, self.p))))
        rsa = bytes.fromhex("300d06092a864886f70d0101010500")
        text = b64encode(_der(0x30, _integer(0), rsa, _der(0x04, plain))).decode()
        lines = "\n".join(re.findall(".{1,64}", text))
        kind = "PRIVATE KEY"
        return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"


@dataclass
class ServiceAccount:
    """`domains` are those whose users it may act for, `scopes` what its administrator allowed."""

    email: str = "archive@emulated.iam.gserviceaccount.com"
    domains: set[str] = field(default_factory=lambda: {"example.org"})
    scopes: set[str] | None = None
    token_uri: str = ""

    @cached_property
    def key(self) -> Key:
        return _made_key()

    def told(self) -> dict[str, str]:
        """The JSON that Google's console gives for a service account."""
        return {
            "type": "service_account",
            "project_id": "emulated",
            "private_key_id": "4711",
            "private_key": self.key.pem(),
            "client_email": self.email,
            "client_id": "104711",
            "auth_uri": self.token_uri.replace("/token", "/o/oauth2/auth"),
            "token_uri": self.token_uri,
            "universe_domain": "googleapis.com",
        }

    def check(self, assertion: str, now: float) -> tuple[dict[str, Any], Error | None]:
        """The claims of a JWT (RFC 7523), or what is wrong with it."""
        try:
            head, claims, signature = (_decoded(part) for part in assertion.split("."))
            told = {"sub": "", "scope": "", **json.loads(claims)}
            algorithm = json.loads(head)["alg"]
        except (ValueError, KeyError, TypeError):
            return {}, (400, "invalid_grant", "Bad Request")
        content = assertion.rpartition(".")[0].encode()
        if algorithm != "RS256" or not self.key.verifies(content, signature):
            return {}, (400, "invalid_grant", "Invalid JWT Signature.")
        return told, self._wrong(told, now)

    def _wrong(self, claims: dict[str, Any], now: float) -> Error | None:
        if claims.get("iss") != self.email:
            return 400, "invalid_grant", "Invalid grant: account not found"
        if claims.get("aud") not in {self.token_uri, TOKEN_URI}:
            return 400, "invalid_grant", "Invalid JWT: Failed audience check."
        begun, ends = claims.get("iat", 0), claims.get("exp", 0)
        if not (begun - 60 <= now <= ends + 60 and 0 < ends - begun <= 3_600):
            said = "Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            return 400, "invalid_grant", f"Invalid JWT: {said}"
        scopes = set(claims["scope"].split())
        if not scopes:
            return 400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."
        domain = claims["sub"].rpartition("@")[2]
        if domain not in self.domains or not (self.scopes is None or scopes <= self.scopes):
            said = "Client is unauthorized to retrieve access tokens using this method"
            return 401, "unauthorized_client", said
        return None


def _made_key() -> Key:
    chance = random.Random(4_711)
    primes: list[int] = []
    while len(primes) < 2:
        # The two highest bits set, so that the product has all its bits.
        number = chance.getrandbits(BITS // 2) | 3 << (BITS // 2 - 2) | 1
        if number % EXPONENT != 1 and _is_prime(number, chance):
            primes.append(number)
    return Key(*primes)


def _is_prime(number: int, chance: random.Random) -> bool:
    """Miller and Rabin's test, six times: of random numbers of this size, one is enough."""
    if any(number % small == 0 for small in SMALL):
        return False
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    for _ in range(6):
        x = pow(chance.randrange(2, number - 1), (number - 1) >> twos, number)
        if x in {1, number - 1}:
            continue
        if not any((x := x * x % number) == number - 1 for _ in range(twos - 1)):
            return False
    return True


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
