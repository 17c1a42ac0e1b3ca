"""Reads, checks and writes destinations' files, without Dagster, so that every command can."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dataq_resources.errors import DestinationExists, FixDestination, UnknownDestination
from dataq_resources.home import Home
from dataq_resources.settings_file import parsed, validated, write_settings
from dataq_resources.sources import NAME, checked_limits, config_text, limits_of

if TYPE_CHECKING:
    from dataq_plugins.host import PluginSpec


class DestinationConfig(BaseModel):
    """A destination as its file declares it: which rows it gets, and which plugin takes them.

    `query` is SQL over the lake's tables whose rows are delivered instead of the table's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    plugin: str | None = None
    command: tuple[str, ...] | None = None
    table: str
    query: str | None = None
    key: str | None = None
    """The column that tells rows apart; by default the table's own key."""
    changes: bool = False
    """Whether it also hears of rows that changed or are gone: each row is then a change."""
    columns: tuple[str, ...] = ()
    """Only these; by default all but those with content."""
    config: dict[str, Any] = Field(default_factory=dict)
    rows: Literal["json", "arrow"] | None = None
    """How the plugin takes rows, asked once when it is added; None: it is asked each time."""
    batch_rows: int = Field(default=100, ge=1, le=100_000)
    batch_bytes: int = Field(default=1_000_000, ge=1, le=32_000_000)
    limits: dict[str, float] = Field(default_factory=dict)
    environment: tuple[str, ...] = ()
    automatic: bool = True
    """Whether a daemon delivers what is new by itself."""
    description: str = ""
    owners: tuple[str, ...] = ()

    @field_validator("table")
    @classmethod
    def _table(cls, table: str) -> str:
        from dataq_lake.errors import LakeError
        from dataq_lake.schemas import declared

        try:
            return declared(table).name
        except LakeError as error:
            raise ValueError(str(error)) from None

    @field_validator("limits")
    @classmethod
    def _limits(cls, limits: dict[str, float]) -> dict[str, float]:
        return checked_limits(limits)

    @model_validator(mode="after")
    def _whole(self) -> DestinationConfig:
        if (self.plugin is None) == (self.command is None):
            raise ValueError("give either plugin or command")
        if self.query is None and self.key is None and len(_key(self.table)) > 1:
            raise ValueError(f"{self.table} has no single key: give a query and its key")
        if self.query and self.columns:
            raise ValueError("a query names its columns itself: leave out columns")
        return self

    @property
    def key_column(self) -> str:
        """The column that tells rows apart."""
        return self.key or _key(self.table)[0]


def _key(table: str) -> tuple[str, ...]:
    from dataq_lake.schemas import declared

    return declared(table).key


@dataclass(frozen=True)
class Destination:
    """A destination by its name."""

    name: str
    config: DestinationConfig


@dataclass(frozen=True)
class Destinations:
    """Every destination of a home: those that can be used, and why the others cannot."""

    good: list[Destination] = field(default_factory=list)
    broken: list[FixDestination] = field(default_factory=list)


def destinations_folder(home: Home) -> Path:
    """A file a destination, NAME.yaml."""
    return home.path / "destinations"


def read_destinations(home: Home) -> Destinations:
    """All destinations of a home; a broken file costs only its own destination."""
    found = Destinations()
    for path in sorted(destinations_folder(home).glob("*.yaml")):
        try:
            found.good.append(read_destination(path))
        except FixDestination as error:
            found.broken.append(error)
    return found


def read_destination(path: Path) -> Destination:
    """The destination that a file declares; raises FixDestination with file, line and setting."""
    document, root = parsed(path, FixDestination)
    if not NAME.fullmatch(path.stem):
        raise FixDestination(path, "name it with a to z, 0 to 9 and _, a letter first")
    if not isinstance(document, dict):
        raise FixDestination(path, "must be settings, one a line: plugin, table, config", 1)
    config = validated(path, DestinationConfig, document, root, (), FixDestination)
    return Destination(path.stem, config)


def one_destination(home: Home, name: str) -> Destination:
    """The destination called `name`; raises UnknownDestination, FixDestination."""
    path = destinations_folder(home) / f"{name}.yaml"
    if not NAME.fullmatch(name) or not path.exists():
        known = ", ".join(p.stem for p in sorted(path.parent.glob("*.yaml"))) or "none"
        raise UnknownDestination(f"no destination is called {name!r}; there is {known}")
    return read_destination(path)


def write_destination(home: Home, destination: Destination, replace: bool = False) -> Path:
    """Writes the destination's file and returns its path; raises DestinationExists."""
    path = destinations_folder(home) / f"{destination.name}.yaml"
    if path.exists() and not replace:
        raise DestinationExists(f"there is a destination {destination.name!r} already, see {path}")
    write_settings(path, destination.config.model_dump(mode="json", exclude_defaults=True))
    return path


def remove_destination(home: Home, name: str) -> Path:
    """Removes a destination's file; what was delivered stays on record. UnknownDestination."""
    path = destinations_folder(home) / f"{name}.yaml"
    if not NAME.fullmatch(name) or not path.exists():
        one_destination(home, name)
    path.unlink()
    return path


def destination_spec(destination: Destination) -> PluginSpec:
    """What the host needs to start the destination's plugin; raises UnknownPlugin."""
    from dataq_plugins.host.spec import PluginSpec
    from dataq_plugins.registry import find_destination

    given = destination.config
    argv = given.command or find_destination(given.plugin or "").argv
    return PluginSpec(
        source=destination.name,
        argv=tuple(argv),
        config={name: config_text(value) for name, value in given.config.items()},
        limits=limits_of(given.limits),
        environment=("DATAQ_HOME", *given.environment),
        kind="destination",
    )
