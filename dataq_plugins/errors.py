"""What can go wrong with a plugin, named by what the caller should do about it."""

from __future__ import annotations


class PluginError(Exception):
    """A plugin failed its run. The text is one line that names who, when and why."""

    def __init__(
        self,
        reason: str,
        *,
        source: str = "",
        plugin: str = "",
        operation: str = "",
        last_item: str | None = None,
        kind: str = "source",
    ) -> None:
        super().__init__(reason)
        self.reason = " ".join(reason.split())
        self.source = source
        self.plugin = plugin
        self.operation = operation
        self.last_item = last_item
        self.kind = kind

    def __str__(self) -> str:
        where = f"{self.kind} {self.source or '?'}, plugin {self.plugin or '?'}"
        if self.kind == "destination":
            return f"{where}, {self.operation or 'start'}: {self.reason}"
        last = "none" if self.last_item is None else shorten(self.last_item)
        return f"{where}, {self.operation or 'start'}: {self.reason} (last item: {last})"


class PluginCrashed(PluginError):
    """The process ended before its answer was complete."""


class PluginSilent(PluginError):
    """No message came for longer than the limit: retry later, or raise `silence_seconds`."""


class PluginTimedOut(PluginError):
    """The operation took longer than `run_seconds`."""


class PluginCancelled(PluginError):
    """Somebody asked for the end: nothing is wrong with the plugin."""


class ProtocolViolated(PluginError):
    """What came is not what the protocol allows: the plugin needs mending."""


class LimitExceeded(PluginError):
    """More memory, log text or content than the source's limits allow."""


class OperationFailed(PluginError):
    """The plugin answered with an error: it is alive and can be asked again."""


class ConfigError(OperationFailed):
    """A setting is missing, unknown or wrong; `setting` names it."""

    def __init__(self, reason: str, *, setting: str = "", **where: str | None) -> None:
        super().__init__(
            f"setting {setting!r}: {reason}" if setting else reason,
            source=where.get("source") or "",
            plugin=where.get("plugin") or "",
            operation=where.get("operation") or "",
            last_item=where.get("last_item"),
            kind=where.get("kind") or "source",
        )
        self.setting = setting


class SourceUnreachable(OperationFailed):
    """The plugin works, its source does not answer now: retry later."""


class UnknownPlugin(LookupError):
    """No plugin has this name; the text lists those that are near."""


def shorten(text: str, limit: int = 200) -> str:
    """Return text as one line, quoted, and cut to about `limit` characters."""
    line = repr(text)
    return line if len(line) <= limit else f"{line[: limit // 2]}…{line[-limit // 2 :]}"
