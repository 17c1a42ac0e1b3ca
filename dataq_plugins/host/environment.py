"""The few environment variables that a plugin gets."""

from __future__ import annotations

import os
from collections.abc import Iterable

ALLOWED = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "DATAQ_HOME",  # so that a plugin that reads files knows what never to read
)


def plugin_environment(also: Iterable[str] = ()) -> dict[str, str]:
    """Return the allowed part of this process's environment, without what is not set."""
    names = (*ALLOWED, *also)
    environment = {name: os.environ[name] for name in names if name in os.environ}
    environment.setdefault("PATH", os.defpath)
    return environment
