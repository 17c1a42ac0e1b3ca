"""What a plugin is, and what it yields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, Literal, TypeVar, get_args

Granularity = Literal["hourly", "daily", "monthly", "yearly"]
ConfigT = TypeVar("ConfigT")


class Unreachable(Exception):
    """The source does not answer now; trying again later may help."""


class Abandon(Exception):
    """Raised by an item's content while it is read: forget this item, nothing of it is stored."""


class SettingError(Exception):
    """One setting is missing, unknown or wrong."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(reason)
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Window:
    """Unix seconds, UTC: `start` included, `end` excluded; `items` to expect, if known."""

    start: int
    end: int
    items: int | None = None

    def __contains__(self, seconds: float) -> bool:
        return self.start <= seconds < self.end


@dataclass(frozen=True, slots=True)
class Discovery:
    """Windows that changed; `complete` says that nothing outside them did."""

    windows: Iterable[Window]
    complete: bool = True


@dataclass(slots=True)
class Item:
    """One thing. Times are Unix seconds, aware datetimes, or exact nanoseconds (`timestamp_ns`).

    `content` is bytes, or an iterable of bytes that is read piece by piece and never whole in
    memory; it may raise Abandon. With `problem` (why it could not be read) there is no content.
    """

    source_id: str
    content: bytes | Iterable[bytes] = b""
    timestamp: datetime | float | int | None = None
    content_type: str = ""
    metadata: Mapping[str, str] | None = None
    problem: str = ""
    op: Literal["upsert", "delete"] = "upsert"
    timestamp_ns: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Where the plugin is: covers every item yielded before it, and comes back unread."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Log:
    """A line of the run's log; also a sign of life while there is nothing to send."""

    message: str
    level: Literal["debug", "info", "warning", "error"] = "info"


class Plugin(Generic[ConfigT]):
    """Subclass as `class Mine(Plugin[Config])`, Config being a dataclass or a pydantic model.

    Only `id` and `extract` are required. `check`, `discover` and `watch` are offered when
    overridden.
    """

    id: ClassVar[str]
    name: ClassVar[str] = ""
    description: ClassVar[str] = ""
    version: ClassVar[str] = "0"
    time_basis: ClassVar[str] = "observed"
    """What an item's time means: modified, event, created, or observed where there is none."""
    config_type: ClassVar[type] = dict

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            kinds = [kind for kind in get_args(base) if isinstance(kind, type)]
            if kinds:
                cls.config_type = kinds[0]

    def __init__(self, config: ConfigT) -> None:
        self.config = config

    def configure(self) -> None:
        """Check what types cannot say of the settings; raise SettingError."""

    def check(self) -> None:
        """Reach the source, cheaply; raise Unreachable or SettingError."""

    def discover(
        self,
        state: bytes | None,  # noqa: ARG002 (for those who override it)
        granularity: Granularity,  # noqa: ARG002
    ) -> Discovery | Iterable[Window]:
        """Return the windows that changed since `state`, without reading any content."""
        return Discovery((), complete=False)

    def extract(
        self, window: Window | None, state: bytes | None, full: bool
    ) -> Iterable[Item | State | Log]:
        """Yield the items of the window (None: all) that changed since `state` (`full`: all)."""
        raise NotImplementedError

    def watch(self) -> Iterable[Log]:
        """Yield a Log as soon as every change will be noticed, and one every few seconds.

        Ends when something has changed; what, `discover` tells.
        """
        raise NotImplementedError

    @classmethod
    def capabilities(cls) -> list[str]:
        """Return the operations that this plugin answers."""
        optional = [
            name
            for name in ("check", "discover", "watch")
            if getattr(cls, name) is not getattr(Plugin, name)
        ]
        return ["describe", "configure", *optional, "extract", "cancel"]
