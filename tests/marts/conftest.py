"""A real lake of a few files and mails, and its marts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dataq_assets.modeling.project import installed
from dataq_lake.lake import Lake, open_lake
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, write_source
from dataq_resources.triggers import ChangesSetting
from tests.conftest import absent

MAIL = """\
From: {sender}
To: {to}
Cc: {cc}
Date: Mon, 0{day} Jan 2024 10:00:00 +0000
Subject: {subject}
Message-ID: <{id}@example.org>
{more}Content-Type: text/plain

{text}
"""
ANN, BOB, EVE = (f"{name} <{name.lower()}@example.org>" for name in ("Ann", "Bob", "Eve"))
SECONDS = 600


@dataclass(frozen=True)
class Archive:
    """A home, and the tree that its one source archives."""

    home: Home
    tree: Path

    @property
    def lake(self) -> Lake:
        """Its lake."""
        return open_lake(self.home.lake)

    def dataq(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """What a command said; it has to end with `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "dataq_gateway", *words],
            env={**os.environ, "DATAQ_HOME": str(self.home.path)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done


def fill(tree: Path) -> None:
    """Files of known figures: two copies of a note, a thread of two mails of which one is twice."""
    tree.mkdir()
    for name in ("note.txt", "copy.txt"):
        (tree / name).write_text("A heron stood in the reeds and did not move for an hour.\n")
    (tree / "plan.md").write_text("# Plan\n\nCount the herons.\n\nThen the kingfishers.\n")
    (tree / "empty.txt").touch()
    first = {"sender": ANN, "to": BOB, "cc": "", "day": 1, "subject": "Herons", "id": "m1"}
    answer = {"sender": BOB, "to": ANN, "cc": EVE, "day": 2, "subject": "Re: Herons", "id": "m2"}
    chain = "In-Reply-To: <m1@example.org>\nReferences: <m1@example.org>\n"
    mail = MAIL.format(**first, more="", text="Did you see the heron?")
    (tree / "one.eml").write_text(mail)
    (tree / "one again.eml").write_text(mail)
    (tree / "two.eml").write_text(MAIL.format(**answer, more=chain, text="I saw two of them."))


def declare(archive: Archive) -> None:
    """Writes down the archive's source."""
    source = SourceConfig(
        name="notes",
        plugin="file_scanner",
        config={"root": str(archive.tree)},
        changes=ChangesSetting(every=5),
    )
    archive.home.prepare()
    write_source(archive.home, source, replace=True)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """A lake of these files with its marts; not to be changed."""
    if not installed():
        absent("dbt", "dagster-dbt is not installed")
    folder = tmp_path_factory.mktemp("marts")
    archive = Archive(Home(folder / "home"), folder / "tree")
    fill(archive.tree)
    declare(archive)
    archive.dataq("run")
    archive.dataq("marts")
    return archive


@pytest.fixture
def archive(built: Archive, tmp_path: Path) -> Archive:
    """The same of a test's own."""
    copy = Archive(Home(tmp_path / "home"), tmp_path / "tree")
    shutil.copytree(built.home.path, copy.home.path)
    shutil.copytree(built.tree, copy.tree)
    declare(copy)
    return copy
