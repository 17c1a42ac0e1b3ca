"""The setting `root`: folders, each with the label that its ids begin with."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from dataq_plugins.sdk import SettingError
from dataq_plugins.sources._folders.roots import Root

_LABELLED = re.compile(r"([A-Za-z0-9_.-]+)=([/~].*)", re.DOTALL)


def roots_of(texts: Sequence[str]) -> list[Root]:
    """Return the folders with their labels; SettingError if they are unclear.

    One alone needs no label; of several, each has its own: that in `label=/path`, or its name.
    """
    if not texts or not all(texts):
        raise SettingError("root", "is empty; it must name a folder")
    if len(texts) == 1 and not _LABELLED.fullmatch(texts[0]):
        return [Root(_absolute(texts[0]))]
    roots = [_labelled(text) for text in texts]
    for number, root in enumerate(roots):
        for other in roots[:number]:
            _refuse_clash(root, other)
    return roots


def _labelled(text: str) -> Root:
    match = _LABELLED.fullmatch(text)
    path = _absolute(match[2] if match else text)
    label = match[1] if match else path.name
    if label in ("", ".", ".."):
        raise SettingError("root", f"{text!r} needs a label: label={text}")
    try:
        label.encode()
    except UnicodeEncodeError:
        raise SettingError("root", f"{text!r} has no UTF-8 name; write label={text!r}") from None
    return Root(path, label)


def _absolute(text: str) -> Path:
    return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - also without its ..


def _refuse_clash(one: Root, other: Root) -> None:
    if one.label == other.label:
        hint = f"write {one.label}1={other.path} and {one.label}2={one.path}"
        raise SettingError("root", f"two folders are called {one.label}; {hint}")
    if one.path.is_relative_to(other.path) or other.path.is_relative_to(one.path):
        raise SettingError("root", f"{one.path} and {other.path} lie one in the other")
