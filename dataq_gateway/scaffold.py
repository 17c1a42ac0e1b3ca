"""Writes the beginning of a new plugin: one that works, its test, and what to do next."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template

import click

from dataq_gateway.errors import CommandFailed

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
TARGETS = {
    "plugin.py.txt": "$name.py",
    "test_plugin.py.txt": "test_$name.py",
    "README.md.txt": "README.md",
}


def new_plugin(name: str, parent: Path) -> list[Path]:
    """The files written into `parent`/`name`; raises CommandFailed if that is there already."""
    if not NAME.fullmatch(name):
        raise click.BadParameter(
            f"{name!r}: use a to z, 0 to 9 and _, a letter first, at most 41 characters",
            param_hint="NAME",
        )
    folder = parent / name
    if folder.exists():
        raise CommandFailed(f"{folder} is there already", do="choose another name or --folder")
    words = {
        "name": name,
        "class_name": "".join(each.capitalize() for each in name.split("_")),
        "title": name.replace("_", " ").capitalize(),
    }
    folder.mkdir(parents=True)
    written = []
    for template, target in TARGETS.items():
        text = (files("dataq_gateway") / "templates" / "plugin" / template).read_text("utf-8")
        path = folder / Template(target).substitute(words)
        path.write_text(Template(text).substitute(words), encoding="utf-8")
        written.append(path)
    return written
