"""What the fault tests stand on: a small source with a bit of everything, homes, and a comparison.

Two lakes are equal if every table has the same rows, the blob store the same contents, and the
search index the same documents and vectors. Left out are run ids, the times of observation and of
analysis, and what derives from those alone.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import Lake, open_lake
from dataq_resources.home import Home
from tests.faults.meeting import Meeting
from tests.faults.points import Point

ROOT = Path(__file__).resolve().parents[2]
MAY_2026 = 1_778_000_000
TIMES = {"observed_at", "analyzed_at", "created_at", "updated_at", "saved_at"}
# Vectors are compared as numbers.
LEFT_OUT = {"run_id", "vector", *TIMES}
# A search snapshot is named after its run and time, and its manifest says them.
NAMED_BY_RUN = {"snapshots"}
# Of plugin_state only the row that counts is compared: how often a state was kept is no promise.
STATES = {"plugin_state"}
# No run of sources brings them up to date, and a sensor does in its own time.
APART = {
    "relationships", "relations", "links", "sketches", "positions", "regions", "service_levels",
    "collections", "collection_members", "collection_names", "tags", "manual_tags",
}  # fmt: skip


def some(values: Iterable[Any], quick: Collection[Any]) -> list[Any]:
    """All values as parameters, marked heavy but for those that are `quick`."""
    heavy = pytest.mark.heavy
    return [value if value in quick else pytest.param(value, marks=heavy) for value in values]


def fill(folder: Path) -> Path:
    """Writes the source's files, the same bytes and times whenever it is called."""
    chance = random.Random(3)
    words = [
        "heron",
        "river",
        "gauge",
        "battery",
        "spider",
        "web",
        "water",
        "level",
        "alarm",
        "sensor",
    ]
    files: dict[str, bytes] = {"empty.txt": b"", "broken.zip": b"PK\x03\x04 cut off"}
    for number in range(9):
        lines = (" ".join(chance.choices(words, k=12)) + ".\n\n" for _ in range(3))
        files[f"note{number}.md"] = f"# Note {number}\n\n{''.join(lines)}".encode()
    files["copy.md"] = files["note1.md"]
    files["large.bin"] = chance.randbytes(300_000)
    files["table.csv"] = b"day,level\n" + b"".join(b"%d,%d\n" % (n, n * 7 % 13) for n in range(40))
    files["bundle.zip"] = zipped({"inner.txt": b"A heron inside.\n", "big.bin": b"z" * 280_000})
    files["letter.eml"] = letter(zipped({"deep.txt": b"Below the letter.\n"}))
    folder.mkdir(parents=True)
    for number, (name, content) in enumerate(files.items()):
        path = folder / name
        path.write_bytes(content)
        os.utime(path, (MAY_2026 + number * 60,) * 2)
    return folder


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive, the same whenever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def letter(attachment: bytes) -> bytes:
    """A mail with an attachment."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "The heron"
    mail["Date"], mail["Message-ID"] = "Tue, 05 May 2026 10:00:00 +0000", "<1@example.org>"
    mail.set_content("It came back to the river.\n")
    mail.add_attachment(attachment, maintype="application", subtype="zip", filename="x.zip")
    mail.set_boundary("=_boundary")
    return mail.as_bytes()


@dataclass
class Told:
    """How a command ended and what it printed."""

    code: int
    out: str
    left: list[str]


class Server:
    """The process that `dataq` is forked from."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            # One worker is enough, and threads of numerical libraries outlive no fork.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self._count = 0

    def dataq(self, home: Path, *words: str, kill: Point | None = None) -> Told:
        """`dataq WORDS…` in `home`, killed at `kill`; what it printed and who it left running."""
        return self.together((home, words), kill=kill)[0]

    def together(
        self,
        *commands: tuple[Path, tuple[str, ...]],
        kill: Point | None = None,
        meeting: Meeting | None = None,
        settings: dict[str, str] | None = None,
    ) -> list[Told]:
        """Several commands at the same time; the first that comes to `kill` is killed there.

        All come to `meeting` before any goes on; `settings` are in their environment.
        """
        orders = []
        for home, words in commands:
            self._count += 1
            moments = str(home / f"moments-{self._count}")
            order = {"home": str(home), "words": words, "moments": moments}
            order |= {"kill": asdict(kill) if kill else None, "settings": settings or {}}
            orders.append(order | {"meeting": asdict(meeting) if meeting else None})
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(orders) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        return [Told(**report) for report in json.loads(answer)]

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=30)


def moments(home: Path) -> list[str]:
    """The moments of the latest command of a home, in order."""
    logs = sorted(
        (path for path in home.glob("moments-*") if path.suffix != ".out"),
        key=lambda path: path.stat().st_mtime_ns,
    )
    return logs[-1].read_text().splitlines()


def copied(template: Path, home: Path) -> Path:
    """A home like `template`."""
    shutil.copytree(template, home, symlinks=True)
    return home


def lake_of(home: Path) -> Lake:
    """The lake of a home, opened afresh."""
    return open_lake(Home(home).lake)


def contents(lake: Lake) -> dict[str, Any]:
    """Everything that has to be the same in two lakes."""
    found: dict[str, Any] = {
        name: rows(lake, name)
        for name in lake.tables()
        if name not in NAMED_BY_RUN | STATES | APART
    }
    found["states"] = {source: lake.state(source) for source in lake.raw_sources()}
    found["blobs"] = sorted(path.name for path in lake.blobs.folder.glob("??/*"))
    found["index"], found["index vectors"] = index(lake)
    embeddings = lake.table("embeddings").scan(["entity_id", "vector"]).sort("entity_id").collect()
    found["vectors"] = np.array(embeddings["vector"].to_list())
    return found


def rows(lake: Lake, name: str) -> list[tuple[str, ...]]:
    """The rows of a table without what is left out, in order of their text."""
    handle = lake.table(name)
    columns = [each for each in handle.table.schema.names if each not in LEFT_OUT]
    return sorted(tuple(map(_text, row)) for row in handle.scan(columns).collect().iter_rows())


def _text(value: Any) -> str:
    """A value as text; a map has no order."""
    return repr(sorted(value.items()) if isinstance(value, dict) else value)


def index(lake: Lake) -> tuple[list[str], Any]:
    """The segments of the current snapshot and their vectors; both halves have them."""
    snapshot = open_snapshot(lake.root)
    ids = sorted(snapshot.segment_ids().to_pylist())
    assert snapshot.text.searcher().num_docs == len(ids) == snapshot.manifest.segments
    return ids, np.array([snapshot.vector(id_) for id_ in ids])


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """In what two lakes differ, a line each."""
    found = []
    for name in sorted({*one, *other}):
        here, there = one.get(name), other.get(name)
        if isinstance(here, np.ndarray) and isinstance(there, np.ndarray):
            # The last bit depends on what else was embedded at the same time.
            if here.shape != there.shape or not np.allclose(here, there, atol=1e-5):
                found.append(f"{name}: differ")
            continue
        if here == there:
            continue
        if isinstance(here, list) and isinstance(there, list):
            lost = [row for row in there if row not in here]
            extra = [row for row in here if row not in there]
            found.append(f"{name}: {len(here)} rows, not {len(there)}; {_told(lost, extra)}")
        else:
            found.append(f"{name}: differs")
    return found


def _told(lost: list[Any], extra: list[Any]) -> str:
    """The first rows that differ, only the values in which they do."""
    if len(lost) != len(extra) or not lost or len(lost[0]) != len(extra[0]):
        return f"lost {lost[:1]!s:.300}, extra {extra[:1]!s:.300}"
    pairs = zip(lost[0], extra[0], strict=True)
    return f"{len(lost)} rows differ: " + ", ".join(f"{b} for {a}" for a, b in pairs if a != b)


def halves(lake: Lake) -> list[str]:
    """What can be seen and is not whole: keys that are there twice, files that are not there."""
    found = []
    for name in lake.stored():
        handle = lake.table(name)
        found += [f"{name} names {path.name}" for path in handle.files() if not path.is_file()]
        keys = handle.scan(handle.table.key).collect()
        if keys.height != keys.unique().height:
            found.append(f"{name} has a key twice")
        if "blob_uri" in handle.table.schema.names:
            uris = handle.scan(["blob_uri"]).collect()["blob_uri"].drop_nulls()
            found += [f"{name} names {uri}" for uri in uris if not lake.blobs.exists(uri)]
    assets = lake.table("assets").scan(["storage_path"]).collect()["storage_path"]
    blobs = assets.filter(assets.str.starts_with("blob:"))
    found += [f"assets names {uri}" for uri in blobs if not lake.blobs.exists(uri)]
    if lake.table("snapshots").exists:
        index(lake)
    return found


def held_locks(home: Path) -> list[str]:
    """The lock files of a home and its lake that somebody holds."""
    held = []
    for path in [*home.rglob("*.lock"), *home.rglob("indexes/lock")]:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(str(path.relative_to(home)))
    return held
