"""Where a link leads: a URL, a mail, or a path within the source that its page is of."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

FAR = r"^(https?|ftp)://"
MAIL = "mid:"
_WEB = ("http", "https", "ftp")
_MAIL_ID = re.compile(r"[^@]*@[^/]*|[^/]*")
_INDEX = "index.html"


def address(page: str, href: str, base: str | None = None) -> str | None:
    """The address that `href` on the page at the path `page` leads to; None where to nothing.

    What leads into the page itself, out of the source, or to no place at all (mailto:, data:)
    leads to nothing. A mail is `mid:` and its message id (RFC 2392). `base` is what an HTML page
    says of itself. In a container a path stays in it.
    """
    try:
        parts = urlsplit(href.strip())
        if parts.scheme == "mid":
            return _mail(href.strip())
        if parts.scheme and parts.scheme not in _WEB:
            return None
        if is_url(page):
            return url_address(urljoin(urljoin(page, base or ""), href.strip()))
        if parts.netloc:
            return url_address(href.strip() if parts.scheme else f"https:{href.strip()}")
    except ValueError:  # brackets without an address of IPv6 in them
        return None
    return _path(page, unquote(parts.path)) if parts.path else None


def is_url(path: str) -> bool:
    """Whether a path, or the source's id of a thing, is an address in the web."""
    return path.startswith(("http://", "https://", "ftp://"))


def is_absolute(address: str) -> bool:
    """Whether an address means the same wherever it is written: a URL or a mail."""
    return is_url(address) or address.startswith(MAIL)


def url_address(url: str) -> str | None:
    """A URL without its fragment, its host in small letters; None for what is none."""
    try:
        scheme, host, path, query, _ = urlsplit(url)
    except ValueError:
        return None
    return urlunsplit((scheme, host.lower(), path or "/", query, "")) if host else None


def _mail(href: str) -> str | None:
    """The mail of a `mid:` without the part that it may name; "/" may be in the id before "@"."""
    match = _MAIL_ID.match(href[len(MAIL) :])
    id_ = unquote(match.group() if match else "").strip().removeprefix("<").removesuffix(">")
    return MAIL + id_ if id_ else None


def _path(page: str, path: str) -> str | None:
    outer, mark, inner = page.rpartition("!/")
    root = "/" if inner.startswith("/") else ""
    if path.startswith("/"):
        found = posixpath.normpath(root + path.lstrip("/") if root else path.lstrip("/") or ".")
    else:
        found = posixpath.normpath(posixpath.join(posixpath.dirname(inner), path))
    if found == ".." or found.startswith("../"):
        return None
    if path.endswith(("/", "/.", "/..")) or path in {".", ".."} or found == ".":
        found = _INDEX if found == "." else posixpath.join(found, _INDEX)
    return f"{outer}{mark}{found}"
