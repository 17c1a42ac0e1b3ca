"""Gmail's API as Google's client knows it, at the address that the settings name.

The description of the API comes with the client: nothing is asked before the first call. It is
changed before it is built, since `client_options` would leave batch requests where they were.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

NAMED = "MESSAGE-ID"


def build_service(endpoint: str) -> Any:
    """Return Google's client of Gmail for the API at `endpoint`."""
    from googleapiclient.discovery import build_from_document

    return build_from_document(described(endpoint), http=_Unused())


def described(endpoint: str) -> dict[str, Any]:
    """Return the description of the API at `endpoint`."""
    document = dict(_packaged())
    root = endpoint.rstrip("/") + "/"
    document |= {"rootUrl": root, "baseUrl": root + str(document["servicePath"])}
    document.pop("mtlsRootUrl", None)
    return document


def batch_url(endpoint: str) -> str:
    """Return where several requests go as one."""
    return endpoint.rstrip("/") + "/" + str(_packaged()["batchPath"])


@cache
def _packaged() -> dict[str, Any]:
    from googleapiclient import discovery_cache

    folder = Path(str(discovery_cache.__file__)).parent / "documents"
    document: dict[str, Any] = json.loads((folder / "gmail.v1.json").read_text("utf-8"))
    return document


class _Unused:
    """Stands where Google's client wants a connection: ours are given with each call."""

    def request(self, *_: object, **__: object) -> None:
        raise RuntimeError("a call has to say over which connection")

    def close(self) -> None:
        """There is none."""
