"""A headless Chromium, driven by its own debugging protocol, for pictures of real pages."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

PATIENCE_SECONDS = 180


def until(what: str, done: Callable[[], Any]) -> Any:
    """The first truthy answer of `done`, asked ten times a second; raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if answer := done():
            return answer
        time.sleep(0.1)
    raise TimeoutError(f"waited {PATIENCE_SECONDS} s for {what}")


class Page:
    """One tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of one call; events in between are dropped."""
        self._number += 1
        call = {"id": self._number, "method": method, "params": parameters}
        self._connection.send(json.dumps(call))
        while True:
            answer = json.loads(self._connection.recv(timeout=PATIENCE_SECONDS))
            if answer.get("id") == self._number:
                return dict(answer["result"])

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is worth in the page."""
        return self.ask("Runtime.evaluate", expression=expression)["result"].get("value")

    def open(self, url: str, width: int, height: int, *, sharpness: float) -> None:
        """Go to `url` in a window of this size in CSS pixels, each `sharpness` dots wide."""
        size = {"width": width, "height": height, "deviceScaleFactor": sharpness, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        self.ask("Page.navigate", url=url)

    def picture(self, path: Path, clip: dict[str, float] | None = None) -> None:
        """Write what the page shows (or the part `clip`, in CSS pixels) as PNG."""
        more = {"clip": {**clip, "scale": 1}} if clip else {}
        shot = self.ask("Page.captureScreenshot", format="png", **more)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser() -> Iterator[Page]:
    """A page of a fresh Chromium, which ends with the block."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise SystemExit("error: no chromium found: install it (Debian: apt install chromium)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        words += ["--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
        child = subprocess.Popen([program, *words], stderr=subprocess.DEVNULL)
        try:
            port = Path(folder) / "DevToolsActivePort"
            until("Chromium", lambda: port.exists() and port.read_text().count("\n"))
            number = port.read_text().splitlines()[0]
            with urlopen(f"http://127.0.0.1:{number}/json/list") as answer:
                tabs = json.load(answer)
            address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            with connect(address, max_size=None) as connection:
                yield Page(connection)
        finally:
            child.terminate()
            child.wait(30)
