"""The source `gmail`: the mails of a Google account by the Gmail API, each version once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from dataq_plugins.sdk import (
    Discovery,
    Granularity,
    Item,
    Log,
    Plugin,
    State,
    Unreachable,
    Window,
)
from dataq_plugins.sources._home import dataq_home
from dataq_plugins.sources.gmail.settings import Settings

if TYPE_CHECKING:
    from dataq_plugins.sources.gmail.api import Api, Line
    from dataq_plugins.sources.gmail.opening import Opening
    from dataq_plugins.sources.gmail.progress import Progress


class Gmail(Plugin[Settings]):
    """Mails of a Google account: the bytes of each, its labels and threads; what is deleted."""

    id = "gmail"
    name = "Gmail"
    version = "1"
    time_basis = "event"

    _told: Opening | None = None
    """What `discover` has heard, for an extraction that follows at once."""

    def configure(self) -> None:
        self.config.refuse_unclear()

    def check(self) -> None:
        """Ask whose mailbox it is, and for the labels that the settings name."""
        from dataq_plugins.sources.gmail.listing import Listing
        from dataq_plugins.sources.gmail.opening import ended, opening
        from dataq_plugins.sources.gmail.selection import Selection
        from dataq_plugins.sources.gmail.spans import EVER

        self.configure()
        with self._api() as api:
            told = ended(opening(api, self.config, 0))
            ended(Listing(api, Selection(self.config, told.names)).any([EVER]))

    def discover(self, state: bytes | None, granularity: Granularity) -> Discovery:
        """Return the windows that changed: one request, three for the first time."""
        from dataq_plugins.sources.gmail import looking
        from dataq_plugins.sources.gmail.listing import Listing
        from dataq_plugins.sources.gmail.opening import ended, opening
        from dataq_plugins.sources.gmail.selection import Selection

        progress, complaint = self._recall(state)
        if complaint:
            print(complaint, file=sys.stderr)
        if progress.history and (progress.unsure or not progress.covered.is_whole):
            return looking.SOMETHING
        with self._api() as api:
            told = self._told = ended(opening(api, self.config, progress.history))
            if progress.history:
                return looking.changed_windows(told, progress, granularity)
            return looking.first_windows(
                Listing(api, Selection(self.config, told.names)), granularity
            )

    def extract(
        self, window: Window | None, state: bytes | None, full: bool
    ) -> Iterator[Item | State | Log]:
        """Yield the mails of the window that are new or changed, and what is gone from it."""
        from dataq_plugins.sources.gmail.extraction import Extraction

        progress, complaint = self._recall(state)
        if complaint:
            yield Log(complaint, "warning")
        told, self._told = self._told, None
        with self._api() as api:
            yield from Extraction(api, self.config, progress, window, full, told).run()

    def close(self) -> None:
        """Close the connections that were kept; a process that ends need not."""
        if "_line" in self.__dict__:
            self._line.transport.close()

    @contextmanager
    def _api(self) -> Iterator[Api]:
        from dataq_plugins.sources.gmail.api import Api
        from dataq_plugins.sources.gmail.errors import Again, NotFound
        from dataq_plugins.sources.gmail.transport import NoAnswer

        api = Api(self._line)
        try:
            yield api
        except (Again, NoAnswer, NotFound) as error:
            raise Unreachable(f"Gmail: {error}") from None
        finally:
            api.close()

    @cached_property
    def _line(self) -> Line:
        from dataq_plugins.sources.gmail.api import Line

        self.config.refuse_unclear()
        return Line(self.config, dataq_home())

    def _recall(self, state: bytes | None) -> tuple[Progress, str]:
        """Return what was sent before, and a complaint if the state is of no use."""
        from dataq_plugins.sources.gmail.progress import ForeignState, Progress, unpack

        account, scope = self.config.account.casefold(), self.config.scope()
        if not state:
            return Progress(account, scope), ""
        try:
            return unpack(state, account, scope), ""
        except ForeignState as error:
            complaint = f"the state cannot be used, so all mails are read again: {error}"
            return Progress(account, scope), complaint
