"""Dagster's pages in a real browser, as somebody sees them who looks and clicks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from docs.browser import PATIENCE_SECONDS, Page, until

WIDTH, HEIGHT = 1500, 1200
AGAIN_SECONDS = 20
ACTS = 5


class Screen:
    """One tab on one server."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        self._path = "/"

    def open(self, path: str, *texts: str) -> str:
        """Goes to a page and waits until it shows all `texts`; what it shows then."""
        self._path = path
        self._load()
        return self.shows(*texts)

    def shows(self, *texts: str) -> str:
        """Waits until the page shows all `texts`; what it shows then."""
        seen = ""

        def there() -> bool:
            nonlocal seen
            seen = self.page.text()
            return all(text in seen for text in texts)

        until(f"{texts} at {self._path}", there)
        return seen

    def shows_by(self, begin: Callable[[], None], act: Callable[[], None], text: str) -> None:
        """Does `act` until the page shows `text` on a line of its own; begins anew now and then.

        A page that is still loading swallows a click, or moves something else under it.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            begin()
            if self._comes_by(act, text):
                return
        raise TimeoutError(f"waited {PATIENCE_SECONDS} s for {text!r} at {self._path}")

    def _comes_by(self, act: Callable[[], None], text: str) -> bool:
        """Whether a few times of `act` bring `text`; not if what it uses is not there."""
        usual, self.page.patience = self.page.patience, AGAIN_SECONDS

        def there() -> bool:
            return text in self.page.text().splitlines()

        try:
            for _ in range(ACTS):
                act()
                with suppress(TimeoutError):
                    until(text, there, AGAIN_SECONDS / ACTS)
                    return True
        except TimeoutError:
            return False
        finally:
            self.page.patience = usual
        return False

    def comes_to_show(self, *texts: str) -> str:
        """The same on pages that do not renew themselves: they are opened again now and then."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            again = time.monotonic() + AGAIN_SECONDS
            while time.monotonic() < again:
                seen = self.page.text()
                if all(text in seen for text in texts):
                    return seen
                time.sleep(0.2)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._path} has not come to show {texts}")
            self._load()

    def gone(self, text: str) -> None:
        """Waits until the page shows no `text` any more."""
        until(f"no {text!r} at {self._path}", lambda: text not in self.page.text())

    def click(self, text: str) -> None:
        """Clicks on what shows `text`."""
        self.page.click(text)

    def _load(self) -> None:
        self.page.open(self._url + self._path, WIDTH, HEIGHT, sharpness=1)


@contextmanager
def kept(screen: Screen, folder: Path) -> Iterator[None]:
    """Keeps a picture and the text of the page on which the block fails, and says where."""
    try:
        yield
    except BaseException as error:
        picture = folder / "failed.png"
        screen.page.picture(picture)
        text = screen.page.text()
        error.add_note(f"the page as it was then: {picture}\n{text}")
        raise
