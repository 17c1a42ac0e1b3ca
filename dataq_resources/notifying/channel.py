"""A channel: what its file in $DATAQ_HOME/notify says, and how it delivers."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from dataq_resources.errors import ResourceError
from dataq_resources.home import Home
from dataq_resources.notifying.notice import Notice
from dataq_resources.settings_file import parsed
from dataq_resources.sources import NAME

SECONDS = 10
"""So long a server may take for each answer."""


class NotDelivered(ResourceError):
    """The far side did not take it: try again later."""


class FixChannel(ResourceError):
    """A channel's file is wrong: the message names file, line and setting."""

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        place = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {reason}")


class Channel(BaseModel):
    """One way to tell somebody; a new one is a file in `channels` with a class `Settings`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str
    sources: tuple[str, ...] = ()
    """Tell of runs of these alone; empty: of all runs."""

    def wants(self, notice: Notice) -> bool:
        """Whether it is to hear of this."""
        return not self.sources or notice.source in self.sources

    def send(self, notice: Notice) -> None:
        """Delivers it, or raises NotDelivered; a receiver may get it twice."""
        raise NotImplementedError


@cache
def kinds() -> dict[str, type[Channel]]:
    """The kinds of channels by name."""
    from dataq_resources.notifying import channels

    names = [module.name for module in pkgutil.iter_modules(channels.__path__)]
    return {name: importlib.import_module(f"{channels.__name__}.{name}").Settings for name in names}


def channel_files(home: Home) -> list[Path]:
    """The files of all channels, by name."""
    folder = home.path / "notify"
    return sorted(path for path in folder.glob("*.yaml") if NAME.fullmatch(path.stem))


def read_channel(path: Path) -> Channel:
    """The channel that a file declares; raises FixChannel with file, line and setting."""
    document, root = parsed(path, FixChannel)
    if not isinstance(document, dict) or document.get("channel") not in kinds():
        raise FixChannel(path, f"channel: must be one of {', '.join(sorted(kinds()))}", 1)
    try:
        return kinds()[document["channel"]].model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        raise FixChannel(path, f"{place}: {reason}", _line(root, first["loc"])) from None


def _line(root: Any, place: Sequence[int | str]) -> int | None:
    for key, _ in root.value:
        if place and key.value == place[0]:
            return int(key.start_mark.line) + 1
    return None
