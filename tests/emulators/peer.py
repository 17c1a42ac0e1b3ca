"""The other emulator of Gmail, npm's `emulate`: started where it is installed, never fetched."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.conftest import absent
from tests.emulators.client import Client
from tests.emulators.gmail.trees import base64url

USER = "ana@example.org"
BACK = "http://127.0.0.1:5/done"
CLIENT = {"client_id": "compared", "client_secret": "GOCSPX-compared"}
SECONDS = 60


def program() -> list[str]:
    """How it is called: in the folder DATAQ_GMAIL_PEER, else on PATH; else the test is skipped."""
    folder = os.environ.get("DATAQ_GMAIL_PEER")
    if folder:
        modules = Path(folder) / "node_modules"
        script = modules / "emulate" / "dist" / "index.js"
        own = modules / ".bin" / "node"
        node = str(own) if own.exists() else shutil.which("node")
        if not script.is_file() or node is None:
            absent("gmail_peer", f"no node, or no emulate in {modules} (DATAQ_GMAIL_PEER)")
        return [node, str(script)]
    found = shutil.which("emulate")
    if found is None:
        absent("gmail_peer", "npm's emulate is neither in DATAQ_GMAIL_PEER nor on PATH")
    return [found]


@contextmanager
def peer(folder: Path) -> Iterator[Client]:
    """A client of it that is signed in as the user, who has an empty mailbox."""
    seed = folder / "seed.json"
    client = {**CLIENT, "name": "Compared", "redirect_uris": [BACK]}
    user = {"email": USER, "name": "Ana"}
    seed.write_text(json.dumps({"google": {"users": [user], "oauth_clients": [client]}}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["start", "--service", "google", "--port", str(port), "--seed", str(seed)]
    with (folder / "peer.log").open("wb") as log:
        process = subprocess.Popen(
            [*program(), *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield _signed_in(Client(f"http://127.0.0.1:{port}"), process, folder / "peer.log")
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)


def consented(client: Client, scope: str, state: str, **pkce: str) -> dict[str, str]:
    """What comes back after the user has clicked on the peer's consent page."""
    form = {"email": USER, "redirect_uri": BACK, "scope": scope, "state": state, **pkce}
    reply = client.post("/o/oauth2/v2/auth/callback", client_id=CLIENT["client_id"], **form)
    assert reply.status == 302
    query = parse_qs(urlsplit(reply.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


def add(client: Client, raw: bytes, labels: list[str]) -> str:
    """Puts a mail into the peer's mailbox; its id there."""
    body = json.dumps({"raw": base64url(raw), "labelIds": labels})
    kind = {"Content-Type": "application/json"}
    reply = client.ask("POST", "/gmail/v1/users/me/messages", body, **kind)
    assert reply.status == 200, reply.body
    return str(reply.json["id"])


def _signed_in(client: Client, process: subprocess.Popen[bytes], log: Path) -> Client:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError):
            code = consented(client, "https://mail.google.com/", "1")["code"]
            form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code}
            client.token = client.post("/oauth2/token", **CLIENT, **form).json["access_token"]
            return client
        client.close()
        time.sleep(0.1)
    raise AssertionError(f"the peer did not start: {log.read_text()}")
