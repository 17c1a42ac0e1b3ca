"""What every operation begins with, in one request: whose mailbox, its labels, what changed."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dataq_plugins.sdk import Log, SettingError, Unreachable
from dataq_plugins.sources.gmail.answers import answers
from dataq_plugins.sources.gmail.api import HISTORY, Api
from dataq_plugins.sources.gmail.settings import Settings
from dataq_plugins.sources.gmail.waited import waited

GOOD_SECONDS = 60.0
"""So long after a look at the mailbox what it told need not be asked again."""


@dataclass(frozen=True)
class Opening:
    """`now` is the id of the last change, `names` are the labels by id.

    `history` is the first page since the change `since`, None where that is no longer known.
    """

    now: int
    names: dict[str, str]
    since: int = 0
    history: Mapping[str, Any] | None = None
    at: float = field(default_factory=time.monotonic)

    def answers(self, since: int) -> bool:
        """Whether it is new enough, and about the changes since that one."""
        return self.since == since and time.monotonic() - self.at < GOOD_SECONDS


def opening(api: Api, settings: Settings, since: int) -> Generator[Log, None, Opening]:
    """Return what Gmail tells; raises SettingError where the mailbox is not that of the account."""
    paths = api.opening_paths(since)
    found = yield from waited("mailbox", lambda: list(answers(api, paths, HISTORY)))
    told = {each.number: each for each in found}
    profile, labels = told[0].answer, told[1].answer
    if profile is None or labels is None:
        problem = told[0].problem or told[1].problem or "not found"
        raise Unreachable(f"Gmail does not tell of the mailbox: {problem}")
    expect_owner(settings, profile)
    names = {each["id"]: each["name"] for each in labels.get("labels", ())}
    history = told[2].answer if since else None
    if since and told[2].problem:
        raise Unreachable(f"Gmail does not tell its history: {told[2].problem}")
    return Opening(int(profile["historyId"]), names, since, history)


def expect_owner(settings: Settings, profile: Mapping[str, object]) -> None:
    """Raise SettingError unless it is the profile of the account: all mails would seem gone."""
    owner = str(profile.get("emailAddress", ""))
    if owner.casefold() != settings.account.casefold():
        raise SettingError("account", f"is {settings.account}, but the token is of {owner}")


def ended(asked: Generator[Log, None, Any]) -> Any:
    """Return what is returned in the end; nobody reads the signs of life."""
    while True:
        try:
            next(asked)
        except StopIteration as end:
            return end.value
