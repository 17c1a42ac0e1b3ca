"""Plugins that wait for their source to change, so that a look at it can be left out until then.

Each has a thread and a process of its own, where the sensors are evaluated: a tick only asks if
something has come, and waits for nobody.
"""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING

from dataq_plugins.errors import PluginError
from dataq_plugins.host import PluginProcess

if TYPE_CHECKING:
    from dataq_plugins.host import PluginSpec

TRUSTED_SECONDS = 300.0
"""After so long a source is looked at all the same: it may not tell of everything."""
REST_SECONDS = 60.0
"""A watch that ended in an error is begun again after this."""

_lock = Lock()
_watchers: dict[str, tuple[PluginSpec, Watcher]] = {}


class Watcher:
    """Watches one source, from `begin` until something changes or the watch fails.

    Times are those of the monotonic clock.
    """

    def __init__(self, spec: PluginSpec) -> None:
        self._spec = spec
        self._plugin: PluginProcess | None = None
        self._thread: Thread | None = None
        self._watched_since: float | None = None
        self._nothing_at: float | None = None
        self._rest_until = 0.0

    @property
    def is_quiet(self) -> bool:
        """Whether a look that found nothing is still true, as far as the source tells."""
        watched, nothing = self._watched_since, self._nothing_at
        if watched is None or nothing is None or watched > nothing:
            return False
        return time.monotonic() - nothing < TRUSTED_SECONDS

    def begin(self) -> None:
        """Watch, unless it does already or has just failed to."""
        at_work = self._thread is not None and self._thread.is_alive()
        if not at_work and time.monotonic() >= self._rest_until:
            self._thread = Thread(
                target=self._watch, name=f"watch-{self._spec.source}", daemon=True
            )
            self._thread.start()

    def saw_nothing(self, at: float) -> None:
        """Take note that a look which began then has found nothing new."""
        self._nothing_at = at

    def end(self) -> None:
        """Stop watching, and wait until its process has gone."""
        thread = self._thread
        while thread is not None and thread.is_alive():
            if plugin := self._plugin:
                plugin.cancel()
            thread.join(0.05)

    def _watch(self) -> None:
        try:
            with PluginProcess(self._spec) as plugin:
                self._plugin = plugin
                for _ in plugin.watch():
                    self._watched_since = self._watched_since or time.monotonic()
        except PluginError:  # the look that follows says what is wrong
            self._rest_until = time.monotonic() + REST_SECONDS
        finally:
            self._watched_since = self._plugin = None


def watcher_of(spec: PluginSpec) -> Watcher:
    """The watcher of a source; another than before if its settings have changed."""
    with _lock:
        before = _watchers.get(spec.source)
        if before and before[0] == spec:
            return before[1]
        if before:
            before[1].end()
        made = Watcher(spec)
        _watchers[spec.source] = (spec, made)
        return made


def end_watching() -> None:
    """End all of them."""
    with _lock, suppress(KeyError):
        while _watchers:
            _watchers.popitem()[1][1].end()
