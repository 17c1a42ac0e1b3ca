"""Which addresses a token may travel to: encrypted ones, and this very machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from dataq_plugins.sdk import SettingError


def refuse_unsafe(setting: str, url: str) -> None:
    """Raise SettingError unless it is https, or http to a loopback address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise SettingError(setting, f"{url!r} is no address: https://host/") from None
    if not host or parts.scheme not in ("http", "https"):
        raise SettingError(setting, f"{url!r} is no address: https://host/")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingError(setting, "must have no name, password, query or fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise SettingError(setting, f"{url} is not encrypted: http is for this machine only")


def is_loopback(host: str) -> bool:
    """Return whether a host, by name or number, is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
