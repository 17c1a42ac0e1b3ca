"""Opens a session: TLS before anything is said, then who we are."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable

from dataq_plugins.network.address import peer_address
from dataq_plugins.sdk import SettingError
from dataq_plugins.sources.imap.address import connected
from dataq_plugins.sources.imap.answers import Answer
from dataq_plugins.sources.imap.client import Client
from dataq_plugins.sources.imap.errors import Broken, Lost, Refused
from dataq_plugins.sources.imap.names import quoted
from dataq_plugins.sources.imap.settings import Settings
from dataq_plugins.sources.imap.wire import Wire

LATER = {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN"}
"""Codes that say nothing of our credentials (RFC 5530)."""

Token = Callable[[], str]


def log_in(settings: Settings, token: Token) -> Client:
    """Return a session in which we are known; raises Lost, and SettingError for what is wrong."""
    peer = connected(*settings.place, settings.timeout_seconds, settings.allow_private)
    try:
        if settings.tls == "none" and not peer_address(peer).is_loopback:
            raise SettingError("tls", "none is only for a server on this machine")
        if settings.tls == "implicit":
            peer = _encrypted(peer, settings)
        client = Client(Wire(peer, 2 * settings.max_bytes))
        greeting = client.greeting()
        if settings.tls == "starttls":
            if greeting.word == "PREAUTH":
                raise Broken("it takes us for known before TLS begins")
            _start_tls(client, settings)
        if greeting.word != "PREAUTH":
            client.learn()
            _authenticate(client, settings, token)
        client.learn()
    except BaseException:
        peer.close()
        raise
    return client


def _start_tls(client: Client, settings: Settings) -> None:
    try:
        client.ask(b"STARTTLS")
    except Refused as error:
        raise SettingError("tls", f"starttls is refused by the server: {error}") from None
    client.wire.take_over(_encrypted(client.wire.socket, settings))


def _encrypted(peer: socket.socket, settings: Settings) -> socket.socket:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SettingError("ca_file", f"has no certificates: {error.strerror or error}") from None
    try:
        return context.wrap_socket(peer, server_hostname=settings.host)
    except ssl.SSLCertVerificationError as error:
        raise SettingError(
            "ca_file",
            f"the certificate of {settings.host} is not trusted: {error.verify_message}",
        ) from None
    except TimeoutError:
        raise Lost("TLS does not begin: the server says nothing") from None
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise Lost(f"TLS does not begin: {reason}") from None


def _authenticate(client: Client, settings: Settings, token: Token) -> None:
    if settings.auth != "password":
        _by_token(client, settings, token())
        return
    try:
        if client.can("AUTH=PLAIN"):
            line = f"\0{settings.user}\0{settings.password}".encode()
            _sasl(client, b"PLAIN", line)
        elif client.can("LOGINDISABLED"):
            raise SettingError("auth", "the server takes no passwords here; it may want OAuth")
        else:
            client.ask(b"LOGIN", *(quoted(_ascii(settings, name)) for name in ("user", "password")))
    except Refused as error:
        raise _not_let_in(error, settings, "password", "") from None


def _by_token(client: Client, settings: Settings, token: str) -> None:
    if settings.auth == "xoauth2":
        name, line = b"XOAUTH2", f"user={settings.user}\1auth=Bearer {token}\1\1"
    else:
        host, port = settings.place
        who = settings.user.replace("=", "=3D").replace(",", "=2C")
        line = f"n,a={who},\1host={host}\1port={port}\1auth=Bearer {token}\1\1"
        name = b"OAUTHBEARER"
    if not client.can(f"AUTH={name.decode()}"):
        raise SettingError("auth", f"the server does not offer {name.decode()}")
    told: list[bytes] = []
    try:
        _sasl(client, name, line.encode(), told)
    except Refused as error:
        setting = "refresh_token" if settings.refresh_token else "token"
        raise _not_let_in(error, settings, setting, _told(told)) from None


def _sasl(
    client: Client, name: bytes, line: bytes, told: list[bytes] | None = None
) -> list[Answer]:
    """Send credentials at once where the server knows SASL-IR, else when it asks for them."""
    encoded = base64.b64encode(line)
    at_once = client.can("SASL-IR")
    command = b"AUTHENTICATE " + name + (b" " + encoded if at_once else b"")
    waiting = [] if at_once else [encoded]

    def reply(challenge: bytes) -> bytes:
        if waiting:
            return waiting.pop()
        if told is not None:
            told.append(challenge)  # why it does not want us; an empty line has it say no
        return b"" if name == b"XOAUTH2" else b"AQ=="

    return client.talk(command, reply)


def _not_let_in(error: Refused, settings: Settings, setting: str, more: str) -> Exception:
    if error.code in LATER:
        return Lost(f"it does not let {settings.user} in now: {error}")
    hint = "; the token may have expired" if setting != "password" else ""
    told = f" ({more})" if more else ""
    return SettingError(setting, f"the server does not let {settings.user} in: {error}{told}{hint}")


def _told(challenges: list[bytes]) -> str:
    try:
        return base64.b64decode(challenges[0])[:200].decode("utf-8", "replace")
    except (IndexError, ValueError):
        return ""


def _ascii(settings: Settings, name: str) -> bytes:
    text: str = getattr(settings, name)
    try:
        data = text.encode("ascii")
    except UnicodeEncodeError:
        raise SettingError(name, "has letters that this server cannot be told") from None
    if any(byte in data for byte in b"\r\n\0"):
        raise SettingError(name, "has a line break in it")
    return data
