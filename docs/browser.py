"""A headless Chromium, driven by its own debugging protocol, on real pages."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

PATIENCE_SECONDS = 300
PROGRAMS = ("chromium", "chromium-browser", "chromium-headless-shell")
# The centre of the innermost element of `selector` that shows `text`, if a click there hits it.
PLACE = """
((selector, text) => {
  const fits = [...document.querySelectorAll(selector)].filter(
    each => each.innerText?.trim() === text && !each.disabled && each.ariaDisabled !== 'true'
      && each.getClientRects().length
  )
  const found = fits.find(each => !fits.some(other => other !== each && each.contains(other)))
  if (!found) return null
  found.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'})
  const box = found.getBoundingClientRect()
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  const hit = document.elementFromPoint(x, y)
  return found.contains(hit) || hit?.contains(found) ? {x, y} : null
})
"""


def until(what: str, done: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """The first truthy answer of `done`, asked ten times a second; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := done():
            return answer
        time.sleep(0.1)
    raise TimeoutError(f"waited {seconds} s for {what}")


class Page:
    """One tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0
        self.patience = float(PATIENCE_SECONDS)  # seconds to wait for what is to be used

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of one call; events in between are dropped. Raises RuntimeError."""
        self._number += 1
        call = {"id": self._number, "method": method, "params": parameters}
        self._connection.send(json.dumps(call))
        while True:
            answer = json.loads(self._connection.recv(timeout=PATIENCE_SECONDS))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is worth in the page; None if it cannot be told."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value") if "exceptionDetails" not in answer else None

    def text(self) -> str:
        """What a reader sees of the page."""
        return str(self.value("document.body.innerText") or "")

    def open(self, url: str, width: int, height: int, *, sharpness: float) -> None:
        """Go to `url` in a window of this size in CSS pixels, each `sharpness` dots wide."""
        size = {"width": width, "height": height, "deviceScaleFactor": sharpness, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        self.ask("Page.navigate", url=url)

    def click(self, text: str, selector: str = "button, a, [role=menuitem], [role=tab]") -> None:
        """Presses the mouse on what shows `text` alone, once it stands still and is uncovered."""
        words = f"{json.dumps(selector)}, {json.dumps(text)}"
        seen: list[dict[str, float] | None] = [None]

        def still() -> bool:
            seen.append(self.value(f"{PLACE}({words})"))
            return seen[-1] is not None and seen[-1] == seen[-2]

        until(f"{text!r} to click on", still, self.patience)
        place = seen[-1] or {}
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", **place)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def type_over(self, selector: str, text: str) -> None:
        """Replaces what an input holds by `text`, as from a keyboard."""
        field = f"document.querySelector({json.dumps(selector)})"
        until(f"the input {selector}", lambda: self.value(f"!!{field}"), self.patience)
        self.value(f"{field}.focus(), {field}.select()")
        self.ask("Input.insertText", text=text)

    def press_enter(self) -> None:
        """Ends what was typed."""
        for kind in ("rawKeyDown", "char", "keyUp"):
            key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
            self.ask("Input.dispatchKeyEvent", type=kind, **key)

    def picture(self, path: Path, clip: dict[str, float] | None = None) -> None:
        """Write what the page shows (or the part `clip`, in CSS pixels) as PNG or WebP."""
        more: dict[str, Any] = {"clip": {**clip, "scale": 1}} if clip else {}
        if path.suffix == ".webp":
            more["quality"] = 90
        shot = self.ask("Page.captureScreenshot", format=path.suffix[1:], **more)
        path.write_bytes(base64.b64decode(shot["data"]))


def program() -> str | None:
    """Where Chromium is, None if it is not installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def browser() -> Iterator[Page]:
    """A page of a fresh Chromium, which ends with the block; raises FileNotFoundError."""
    command = program()
    if command is None:
        raise FileNotFoundError("no chromium found: install it (Debian: apt install chromium)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        # /dev/shm is a few MB in containers.
        words += ["--disable-dev-shm-usage", "--remote-debugging-port=0"]
        words += [f"--user-data-dir={folder}", "about:blank"]
        child = subprocess.Popen([command, *words], stderr=subprocess.DEVNULL)
        try:
            with connect(_tab(Path(folder)), max_size=None) as connection:
                yield Page(connection)
        finally:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(30)
            child.kill()
            child.wait()


def _tab(folder: Path) -> str:
    """The address at which the tab of a Chromium with this folder is to be debugged."""
    port = folder / "DevToolsActivePort"
    until("Chromium", lambda: port.exists() and port.read_text().count("\n"))
    number = port.read_text().splitlines()[0]

    def tabs() -> list[dict[str, str]]:
        with urlopen(f"http://127.0.0.1:{number}/json/list") as answer:
            return [tab for tab in json.load(answer) if tab["type"] == "page"]

    return str(until("a tab", tabs)[0]["webSocketDebuggerUrl"])
