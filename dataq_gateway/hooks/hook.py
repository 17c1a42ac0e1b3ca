"""A hook as $DATAQ_HOME/hooks/NAME.yaml declares it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dataq_gateway.hooks.errors import FixHook
from dataq_plugins.host.secrets import is_reference
from dataq_resources.home import Home
from dataq_resources.settings_file import parsed
from dataq_resources.sources import NAME, source_files

Scheme = Literal["standard", "github", "gitlab"]


class Hook(BaseModel):
    """Which sources a delivery archives, how it is signed, and what happens during a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[str, ...] = Field(min_length=1, max_length=100)
    secrets: tuple[str, ...] = Field(min_length=1, max_length=2)
    """References, never the secrets themselves; a second one while senders change over."""
    signature: Scheme = "standard"
    while_running: Literal["follow_up", "refuse"] = "follow_up"
    events: tuple[str, ...] = ()
    """Start runs for these alone; others are answered 200 and forgotten. Empty: for all."""
    max_bytes: int = Field(default=1_000_000, ge=1, le=32_000_000)
    tolerance_seconds: int = Field(default=300, ge=1, le=86_400)
    description: str = ""

    @field_validator("secrets")
    @classmethod
    def _referenced(cls, secrets: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(is_reference, secrets)):
            raise ValueError("refer to secrets as env:NAME or file:PATH, never write one here")
        return secrets


def hooks_folder(home: Home) -> Path:
    """Where hooks are declared and deliveries kept."""
    return home.path / "hooks"


def hook_names(home: Home) -> list[str]:
    """The names of all hooks of a home, also of those that cannot be used."""
    stems = (path.stem for path in hooks_folder(home).glob("*.yaml"))
    return sorted(name for name in stems if NAME.fullmatch(name))


def read_hook(home: Home, path: Path) -> Hook:
    """The hook that a file declares; raises FixHook with file, line and setting."""
    document, root = parsed(path, FixHook)
    if not isinstance(document, dict):
        raise FixHook(path, "must be settings, one a line: sources, secrets, signature", 1)
    try:
        hook = Hook.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        raise FixHook(path, f"{place}: {reason}", _line(root, first["loc"])) from None
    _expect_sources(home, path, hook, _line(root, ("sources",)))
    return hook


def _expect_sources(home: Home, path: Path, hook: Hook, line: int | None) -> None:
    known = {each.parent.name for each in source_files(home)}
    for name in hook.sources:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise FixHook(path, f"sources: no source is called {name!r}; there is {listed}", line)


def _line(root: Any, place: tuple[int | str, ...]) -> int | None:
    """The line of the setting that `place` begins with."""
    for key, _ in root.value:
        if place and key.value == place[0]:
            return int(key.start_mark.line) + 1
    return None
