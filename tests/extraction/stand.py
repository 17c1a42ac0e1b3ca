"""Servers that take extractions, and who asks them."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import OPEN
from dataq_resources.processes import is_alive
from dataq_resources.sources import SourceConfig, write_source
from tests.gateway.hooks.stand import CONTEXT, Stand
from tests.slow import SECONDS, eventually

TOKEN = "a-token-that-is-long-enough"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
FEED = Path(__file__).with_name("feed.py")


class Instance(Stand):
    """A home with the source `slow`, and perhaps others, whose server takes extractions."""

    def __init__(self, home: Path) -> None:
        home.mkdir(exist_ok=True)
        super().__init__(home)
        self.log = home.parent / f"{home.name}.log"
        self.folder = home.parent / "feed"
        self.folder.mkdir(exist_ok=True)

    def add(self, name: str, **given: Any) -> None:
        """Adds a source."""
        write_source(Home(self.home), SourceConfig(name=name, **given))

    def add_feed(self) -> None:
        """Adds the source `feed`, which waits once it has something to commit."""
        config = {"folder": str(self.folder), "secret": "env:FEED_SECRET"}
        self.add("feed", command=(sys.executable, str(FEED)), config=config)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """The answer to a request with the token."""
        words = {key.replace("_", "-"): value for key, value in headers.items()}
        given = {"content": json.dumps(body)} if body is not None else {}
        return httpx.request(
            method,
            self.url + path,
            headers={**BEARER, **words},
            timeout=SECONDS,
            verify=CONTEXT,
            **given,  # type: ignore[arg-type]
        )

    def lacks(self, *what: str) -> None:
        """Returns once it says that it is not ready, and that it lacks these; none if it is."""
        status = 503 if what else 200

        def says_so() -> bool:
            answer = self.ask("GET", "/ready")
            return (answer.status_code, {*answer.json()["missing"]}) == (status, {*what})

        eventually(says_so)

    def extract(self, source: str, **asked: Any) -> str:
        """The path of the task that extracts a source."""
        answer = self.ask("POST", "/extract", {"source": source, **asked})
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == answer.json()["url"]
        return str(answer.json()["url"])

    def task(self, path: str) -> dict[str, Any]:
        """What is told of a task."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def until(self, path: str, *statuses: str) -> dict[str, Any]:
        """What is told of a task once it has one of these."""
        return dict(
            eventually(lambda: told if (told := self.task(path))["status"] in statuses else None)
        )

    def ended(self, path: str) -> dict[str, Any]:
        """What is told of a task once it has ended."""
        return self.until(path, "completed", "failed", "cancelled")

    def process(self, path: str) -> str:
        """The name of the process that does a task."""
        with JobStore(Home(self.home)) as store:
            return store.task(path.rpartition("/")[2]).process or ""

    def stored(self, source: str) -> int:
        """How many rows of a source are in the lake."""
        return open_lake(Home(self.home).lake).raw(source).count()

    def stop(self) -> None:
        """Ends the server, and what it has begun."""
        super().stop()
        with JobStore(Home(self.home)) as store:
            for task in store.tasks(states=OPEN):
                store.end(task.id, "stopped")
                if task.process:
                    with suppress(ProcessLookupError):
                        os.killpg(int(task.process.split("/")[1]), signal.SIGKILL)
                    eventually(lambda name=task.process: not is_alive(name))
