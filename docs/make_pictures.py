"""Takes the README's pictures from a real run of the example inbox: `make pictures`."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from browser import Page, browser, until
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE = Path(__file__).resolve().parent
PICTURES = HERE / "pictures"
INBOX = HERE.parent / "examples" / "inbox"
DATAQ = [sys.executable, "-m", "dataq_gateway"]
QUERY = "a spider web reflects the sound"
COLUMNS = 110
OPEN_ALL_GROUPS = "{key: 'e', code: 'KeyE', altKey: true, bubbles: true}"  # its shortcut
STYLE = "body{padding:14px;width:max-content} body,pre{margin:0!important;font-size:13px!important}"


def dataq(*words: str) -> str:
    """What `dataq` prints on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([*DATAQ, *words], stdout=theirs, stdin=subprocess.DEVNULL) as child:
        os.close(theirs)
        printed = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    if child.returncode:
        raise SystemExit(f"error: dataq {' '.join(words)} failed")
    return printed.decode().replace("\r\n", "\n")


def read(terminal: int) -> bytes:
    """The next bytes of a terminal; none once its other side is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def terminal_page(parts: list[tuple[str, str]]) -> str:
    """Commands and what they printed, as HTML."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        for typed, printed in parts:
            console.print(Text(f"$ {typed}", style="bold bright_cyan"))
            console.print(Text.from_ansi(printed))
    style = f"<style>{STYLE}</style>"
    return style + console.export_html(theme=MONOKAI, inline_styles=True)


@contextmanager
def web_page(home: Path) -> Iterator[str]:
    """The address of Dagster's UI on `home`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A group of its own: the daemon and the code server end with it.
    child = subprocess.Popen(
        [*DATAQ, "dev", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        until(f"the UI on {home}", lambda: answers(f"{url}/server_info"))
        yield url
    finally:
        os.killpg(child.pid, signal.SIGINT)
        child.wait(30)


def answers(url: str) -> bool:
    """Whether something answers at `url`."""
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, ConnectionError):
        return False


def picture_of_graph(page: Page, url: str) -> None:
    """docs/pictures/lineage.webp: the whole graph, all groups open."""
    for step in ("open the groups", "see them all"):  # a fresh page fits what is open
        page.open(f"{url}/asset-groups", 1900, 1240, sharpness=1)
        until(
            "the graph", lambda: page.value("document.querySelectorAll('foreignObject').length > 3")
        )
        settle(page)
        if step == "open the groups":
            page.value(f"document.dispatchEvent(new KeyboardEvent('keydown', {OPEN_ALL_GROUPS}))")
            settle(page)
    page.picture(PICTURES / "lineage.webp")


def picture_of_an_asset(page: Page, url: str) -> None:
    """docs/pictures/asset.webp: what the page of a table says of it."""
    page.open(f"{url}/assets/items", 1500, 1560, sharpness=1)
    until("the columns", lambda: "SHA-256 of the bytes" in page.text())
    settle(page)
    page.picture(PICTURES / "asset.webp")


def picture_of_checks(page: Page, url: str) -> None:
    """docs/pictures/checks.webp: a promise, and that it holds."""
    page.open(f"{url}/assets/items?view=checks", 1500, 760, sharpness=1)
    until("the result", lambda: "Passed" in page.text())
    settle(page)
    page.picture(PICTURES / "checks.webp")


def settle(page: Page) -> None:
    """Wait until the page has looked the same for a second."""
    seen: list[object] = []

    def calm() -> bool:
        seen.append(page.value("document.body.innerHTML.length"))
        return len(seen) > 10 and len(set(seen[-10:])) == 1

    until("a page that stands still", calm)


def picture_of_search(page: Page, folder: Path) -> None:
    """docs/pictures/search.webp: a search, and where its first hit comes from."""
    best = dataq("search", "-k", "3", QUERY)
    first = subprocess.run(
        [*DATAQ, "search", "-k", "1", "--json", QUERY], capture_output=True, check=True
    )
    hit = first.stdout.decode().partition('"id": "')[2][:12]
    parts = [(f"dataq search -k 3 {QUERY}", best), (f"dataq show {hit}", dataq("show", hit))]
    html = folder / "search.html"
    html.write_text(terminal_page(parts), encoding="utf-8")
    page.open(html.as_uri(), 1200, 800, sharpness=1.5)
    until("the text", lambda: page.value("document.body.innerText.length > 100"))
    size = [
        page.value(f"document.querySelector('pre').{side}")
        for side in ("offsetWidth", "offsetHeight")
    ]
    clip = {"x": 0.0, "y": 0.0, "width": size[0] + 28, "height": size[1] + 28}
    page.picture(PICTURES / "search.webp", clip)


def main() -> None:
    """Archive the example inbox into a home of its own and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ |= {"DATAQ_HOME": f"{folder}/home", "COLUMNS": str(COLUMNS)}
        os.environ["DATAQ_MARTS"] = "off"  # the graph would not fit any more
        dataq("sources", "add", "inbox", "--plugin", "file_scanner", "--config", f"root={INBOX}")
        dataq("run")
        with browser() as page:
            picture_of_search(page, Path(folder))
            with web_page(Path(folder)) as url:
                picture_of_graph(page, url)
                picture_of_an_asset(page, url)
                picture_of_checks(page, url)


if __name__ == "__main__":
    main()
