"""`dataq sources`: adding a plugin writes a file that was checked against the living plugin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from tests.gateway.rows import Command

# Knows only the fields of the original protocol, and ends when its input does.
PLAIN = """\
import sys
from dataq_plugins.protocol.framing import frame
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
sys.stdin.buffer.read()
item = pb.DataItem(plugin_id="p", source_id="1", content_type="text/plain", raw_data=b"one")
sys.stdout.buffer.write(frame(pb.PluginResponse(plugin_id="p", items=[item])))
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    return folder


def written(home: Path, name: str) -> dict[str, object]:
    document = yaml.safe_load((home / "sources" / name / "defs.yaml").read_text())
    assert document["type"] == "dataq_assets.components.SourcePlugin"
    attributes = document["attributes"]
    assert isinstance(attributes, dict)
    return attributes


def test_add_makes_paths_absolute_and_keeps_types(dataq: Command, home: Path, inbox: Path) -> None:
    words = ["sources", "add", "notes", "--plugin", "file_scanner"]
    settings = ["root=inbox", "include=*.txt", "include=*.md", "hidden=false", "max_bytes=1000"]
    config = [word for each in settings for word in ("--config", each)]
    told = dataq(*words, *config, "--window", "daily", "--json", cwd=inbox.parent)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["added"] is True
    assert written(home, "notes") == {
        "name": "notes",
        "plugin": "file_scanner",
        "config": {
            "root": str(inbox),
            "include": ["*.txt", "*.md"],
            "hidden": False,
            "max_bytes": 1000,
        },
        "window": "daily",
    }


def test_add_again_needs_a_word(dataq: Command, home: Path, inbox: Path) -> None:
    add = ["sources", "add", "notes", "--plugin", "file_scanner", "--config"]
    assert dataq(*add, f"root={inbox}").returncode == 0
    refused = dataq(*add, f"root={inbox}")
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert dataq(*add, f"root={inbox}", "--exist-ok").stdout.startswith("unchanged")
    other = dataq(*add, f"root={inbox}", "--config", "hidden=false", "--exist-ok")
    assert other.returncode == 1
    assert "hidden" not in written(home, "notes")["config"]  # type: ignore[operator]
    assert dataq(*add, f"root={inbox}", "--config", "hidden=false", "--replace").returncode == 0


def test_replacing_keeps_what_only_the_file_can_say(
    dataq: Command, home: Path, inbox: Path
) -> None:
    add = ["sources", "add", "notes", "--plugin", "file_scanner", "--config", f"root={inbox}"]
    assert dataq(*add, "--window", "daily").returncode == 0
    path = home / "sources" / "notes" / "defs.yaml"
    own: dict[str, object] = {
        "changes": {"every": 300},
        "schedules": [{"cron": "0 6 * * *", "timezone": "Europe/Berlin"}],
        "backfill": [{"cron": "30 2 * * *", "windows": 3}],
        "retries": {"times": 0},
        "pool": "disk",
        "owners": ["team:notes"],
    }
    document = yaml.safe_load(path.read_text())
    document["attributes"] |= own
    path.write_text(yaml.safe_dump(document))

    assert dataq(*add, "--config", "hidden=false", "--replace").returncode == 0
    now = written(home, "notes")
    assert {name: now[name] for name in own} == own
    assert now["config"] == {"root": str(inbox), "hidden": False}
    assert "window" not in now, "what an option can say is as the command line says"
    again = dataq(*add, "--config", "hidden=false", "--exist-ok")
    assert again.stdout.startswith("unchanged")

    path.write_text("type: [")
    refused = dataq(*add, "--replace")
    assert (refused.returncode, str(path) in refused.stderr) == (1, True)
    assert path.read_text() == "type: ["


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("root=/does/not/exist", "/does/not/exist"),
        ("rot=/tmp", "did you mean root"),
        ("root", "is not NAME=VALUE"),
    ],
)
def test_nothing_is_written_that_does_not_work(
    dataq: Command, home: Path, config: str, reason: str
) -> None:
    told = dataq("sources", "add", "notes", "--plugin", "file_scanner", "--config", config)
    assert told.returncode in (1, 2)
    assert reason in told.stderr
    assert told.stderr.count("\n") == 1
    assert not (home / "sources" / "notes").exists()


def test_wrong_words_are_wrong_usage(dataq: Command) -> None:
    for words in (
        ["Notes", "--plugin", "file_scanner"],
        ["notes"],
        ["notes", "--plugin", "file_scanner", "--command", "x"],
        ["notes", "--plugin", "file_scanner", "--limit", "silence=1"],
        ["notes", "--plugin", "file_scanner", "--limit", "silence_seconds=x"],
    ):
        assert dataq("sources", "add", *words).returncode == 2, words


def test_an_unknown_plugin_is_named_with_what_is_near(dataq: Command) -> None:
    told = dataq("sources", "add", "notes", "--plugin", "file_scaner")
    assert told.returncode == 1
    assert "file_scanner" in told.stderr


def test_a_plain_plugin_is_found_out(dataq: Command, home: Path, tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(PLAIN)
    told = dataq("sources", "add", "old", "--command", f"{sys.executable} plain.py", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert written(home, "old") == {
        "name": "old",
        "command": [sys.executable, str(tmp_path / "plain.py")],
        "protocol": "plain",
    }


def test_a_command_that_speaks_nothing_is_refused(dataq: Command, home: Path) -> None:
    told = dataq("sources", "add", "odd", "--command", "echo hello")
    assert told.returncode == 1
    assert told.stderr.startswith("error: source odd, plugin hello, probe: ")
    assert not (home / "sources" / "odd").exists()


def test_list_and_check_tell_of_broken_sources_too(dataq: Command, home: Path, inbox: Path) -> None:
    dataq("sources", "add", "notes", "--plugin", "file_scanner", "--config", f"root={inbox}")
    broken = home / "sources" / "bad" / "defs.yaml"
    broken.parent.mkdir()
    broken.write_text("type: dataq_assets.components.SourcePlugin\nattributes:\n  name: bad\n")
    listed = json.loads(dataq("sources", "list", "--json").stdout)
    assert {each["name"]: "error" in each for each in listed} == {"notes": False, "bad": True}
    assert "broken" in dataq("sources", "list").stdout

    told = dataq("sources", "check")
    assert told.returncode == 1
    assert "notes: ok" in told.stdout
    assert f"bad: {broken}" in told.stdout
    assert dataq("sources", "check", "notes").returncode == 0
    assert dataq("sources", "check", "nowhere").returncode == 1

    (inbox / "a.txt").unlink()
    inbox.rmdir()
    gone = dataq("sources", "check", "notes", "--json")
    assert gone.returncode == 1
    assert str(inbox) in json.loads(gone.stdout)[0]["error"]


def test_remove_takes_the_source_and_leaves_the_lake(
    dataq: Command, home: Path, inbox: Path
) -> None:
    dataq("sources", "add", "notes", "--plugin", "file_scanner", "--config", f"root={inbox}")
    assert dataq("sources", "remove", "notes").returncode == 0
    assert not (home / "sources" / "notes").exists()
    assert dataq("sources", "remove", "notes").returncode == 1
    assert dataq("sources", "remove", "../notes").returncode == 1
