"""Reads, checks and writes the sources' defs.yaml, without Dagster, so that every command can."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dataq_resources.errors import FixSource, SourceExists, UnknownSource
from dataq_resources.home import Home
from dataq_resources.settings_file import line_of, parsed, validated, write_settings
from dataq_resources.triggers import BackfillSetting, ChangesSetting, ClockSetting, RetrySetting

if TYPE_CHECKING:
    from dataq_plugins.host import Limits, PluginSpec

COMPONENT = "dataq_assets.components.SourcePlugin"
NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
Granularity = Literal["hourly", "daily", "monthly", "yearly"]


class TransformSetting(BaseModel):
    """Apply the transformation `name` to items that fit every pattern of `when`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    when: dict[str, str] = Field(default_factory=dict)


class SourceConfig(BaseModel):
    """One source, as the `attributes` of its defs.yaml give it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    plugin: str | None = None
    command: tuple[str, ...] | None = None
    protocol: Literal["v1", "plain"] = "v1"
    config: dict[str, Any] = Field(default_factory=dict)
    window: Granularity = "monthly"
    since: str | None = None
    """Start of the first window, YYYY-MM-DD; what is earlier is filed there."""
    limits: dict[str, float] = Field(default_factory=dict)
    environment: tuple[str, ...] = ()
    pool: str | None = None
    """The service behind it: sources that name the same one share its limit."""
    transform: tuple[TransformSetting, ...] = ()
    gate: dict[str, Any] = Field(default_factory=dict)
    changes: ChangesSetting | None = None
    retries: RetrySetting | None = None
    schedules: tuple[ClockSetting, ...] = ()
    backfill: tuple[BackfillSetting, ...] = ()
    description: str = ""
    owners: tuple[str, ...] = ()

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError("use a to z, 0 to 9 and _, a letter first, at most 41 characters")
        return name

    @field_validator("pool")
    @classmethod
    def _pool(cls, pool: str | None) -> str | None:
        if pool is not None and not NAME.fullmatch(pool):
            raise ValueError("use a to z, 0 to 9 and _, a letter first, at most 41 characters")
        return pool

    @field_validator("since")
    @classmethod
    def _since(cls, since: str | None) -> str | None:
        if since is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", since):
            raise ValueError("write a date as YYYY-MM-DD")
        return since

    @field_validator("limits")
    @classmethod
    def _limits(cls, limits: dict[str, float]) -> dict[str, float]:
        return checked_limits(limits)

    @model_validator(mode="after")
    def _one_of(self) -> SourceConfig:
        if (self.plugin is None) == (self.command is None):
            raise ValueError("give either plugin or command")
        return self


def checked_limits(limits: dict[str, float]) -> dict[str, float]:
    """Bounds of a plugin, all of names that the host knows; raises ValueError."""
    from dataclasses import fields

    from dataq_plugins.host.spec import Limits

    known = {each.name for each in fields(Limits)}
    unknown = sorted(set(limits) - known)
    if unknown:
        raise ValueError(f"no limit {unknown[0]!r}; there are {', '.join(sorted(known))}")
    return limits


@dataclass(frozen=True)
class Sources:
    """Every source of a home: those that can be used, by name, and those that cannot, with why."""

    good: list[SourceConfig] = field(default_factory=list)
    broken: list[FixSource] = field(default_factory=list)


def load_sources(home: Home | Path) -> list[SourceConfig]:
    """The usable sources of a home, by name; `read_sources` also tells of the others."""
    return read_sources(home).good


def read_sources(home: Home | Path) -> Sources:
    """All sources of a home; a broken defs.yaml costs only its own source."""
    found = Sources()
    for path in source_files(home):
        try:
            found.good.append(read_source(path))
        except FixSource as error:
            found.broken.append(error)
    return found


def chosen(found: Sources, names: Sequence[str]) -> list[SourceConfig]:
    """The sources of these names, all if none; raises UnknownSource, FixSource."""
    good = {source.name: source for source in found.good}
    broken = {each.path.parent.name: each for each in found.broken}
    for name in names:
        if name in broken:
            raise broken[name]
        if name not in good:
            raise UnknownSource(
                f"no source is called {name!r}; there is {', '.join(good) or 'none'}"
            )
    return [source for name, source in good.items() if not names or name in names]


def source_files(home: Home | Path) -> list[Path]:
    """Every defs.yaml: the package's own, then the user's; by name of their folder."""
    shipped = Path(__file__).parent.parent / "dataq_assets" / "defs" / "sources"
    own = _home(home).sources
    return [path for folder in (shipped, own) for path in sorted(folder.glob("*/defs.yaml"))]


def read_source(path: Path) -> SourceConfig:
    """The source that a defs.yaml declares; raises FixSource with file, line and setting."""
    return read_declared(path).source


@dataclass(frozen=True)
class Declared:
    """A source, and whether its folder says nothing else, so that it is all that Dagster needs."""

    source: SourceConfig
    is_plain: bool


def read_declared(path: Path) -> Declared:
    """The same, with what else there is for Dagster's components; raises FixSource."""
    document, root = parsed(path, FixSource)
    if not isinstance(document, dict) or document.get("type") != COMPONENT:
        raise FixSource(path, f"type must be {COMPONENT}", 1)
    source = _checked(path, document.get("attributes") or {}, root)
    alone = set(document) == {"type", "attributes"} and os.listdir(path.parent) == [path.name]
    return Declared(source, alone and not _is_template(document))


def _is_template(value: Any) -> bool:
    """Whether a text anywhere in it is for Dagster to fill in."""
    if isinstance(value, dict):
        return any(map(_is_template, value.values()))
    if isinstance(value, list):
        return any(map(_is_template, value))
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def _checked(path: Path, attributes: Any, root: Any) -> SourceConfig:
    source = validated(path, SourceConfig, attributes, root, ("attributes",), FixSource)
    if source.name != path.parent.name:
        reason = f"attributes.name: {source.name!r} is in the folder {path.parent.name!r}"
        line = line_of(root, ["attributes", "name"])
        raise FixSource(path, f"{reason}: they must be the same", line)
    return source


def write_source(home: Home | Path, source: SourceConfig, replace: bool = False) -> Path:
    """Writes the source's defs.yaml and returns its path; raises SourceExists."""
    path = _home(home).sources / source.name / "defs.yaml"
    if path.exists() and not replace:
        raise SourceExists(f"there is a source {source.name!r} already, see {path}")
    attributes = source.model_dump(mode="json", exclude_defaults=True)
    write_settings(path, {"type": COMPONENT, "attributes": attributes})
    return path


def remove_source(home: Home | Path, name: str) -> Path:
    """Removes a source's defs.yaml (what it archived stays); raises UnknownSource."""
    path = _home(home).sources / name / "defs.yaml"
    if not NAME.fullmatch(name) or not path.exists():
        known = ", ".join(each.parent.name for each in source_files(home)) or "none"
        raise UnknownSource(f"no source is called {name!r}; there is {known}")
    path.unlink()
    if not any(path.parent.iterdir()):
        path.parent.rmdir()
    return path


def plugin_spec(source: SourceConfig) -> PluginSpec:
    """What the host needs to start the source's plugin; raises UnknownPlugin."""
    from dataq_plugins.host.spec import PluginSpec
    from dataq_plugins.registry import argv_for

    argv = source.command or argv_for(source.plugin or "")
    return PluginSpec(
        source=source.name,
        argv=tuple(argv),
        config={name: config_text(value) for name, value in source.config.items()},
        protocol=source.protocol,
        limits=limits_of(source.limits),
        environment=("DATAQ_HOME", *source.environment),
    )


def limits_of(given: Mapping[str, float]) -> Limits:
    """The bounds of a plugin: those that are given, and the usual ones."""
    from dataq_plugins.host.spec import Limits

    whole = {
        name: value if name.endswith("seconds") else int(value) for name, value in given.items()
    }
    return Limits(**whole)  # type: ignore[arg-type]


def config_text(value: Any) -> str:
    """A setting as plugins get it: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _home(home: Home | Path) -> Home:
    return home if isinstance(home, Home) else Home(home)
