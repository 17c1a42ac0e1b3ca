"""The answers to many requests, in batches: what failed is asked for again, and alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from dataq_plugins.sdk import SettingError
from dataq_plugins.sources.gmail.api import Api, token_useless
from dataq_plugins.sources.gmail.batch import Part
from dataq_plugins.sources.gmail.errors import (
    Again,
    NotFound,
    TokenRefused,
    expect_success,
    refusal_of,
)
from dataq_plugins.sources.gmail.transport import NoAnswer

DAMAGED = 5
"""How often an answer is damaged before it is taken for what there is."""
REFUSALS = 3
"""How often new tokens are refused before it is no coincidence."""


class Told(NamedTuple):
    """The answer to the request of that number, or None with why there is none.

    Without a `problem` nothing is there. `size` is in bytes, as it came.
    """

    number: int
    answer: dict[str, Any] | None
    problem: str = ""
    size: int = 0


@dataclass
class _Round:
    """What one batch left to do, with how often that was damaged, and why."""

    left: dict[int, int]
    reason: str = ""
    seconds: float = 0.0
    slower: int = 0
    refused: Exception | None = None

    def later(self, error: Again | NoAnswer) -> None:
        self.reason = str(error)
        if isinstance(error, Again):
            self.seconds = max(self.seconds, error.seconds)
            self.slower += error.slower


def answers(api: Api, paths: Sequence[str], units_each: float) -> Iterator[Told]:
    """Yield the answer to each path, in any order, as they arrive.

    Raises Unreachable where patience ends, SettingError where asking again does not help.
    """
    pending = dict.fromkeys(range(len(paths)), 0)
    pauses = api.pauses()
    refusals = 0
    while pending:
        # Also a batch that has just become too large is cut.
        asked = dict(islice(pending.items(), api.batch_size))
        done = _Round(asked.copy())
        yield from _one_batch(api, paths, list(asked), units_each, done)
        for number in asked.keys() - done.left.keys():
            del pending[number]
        pending |= done.left
        if len(done.left) < len(asked):
            pauses.progress()
            refusals = 0
        if done.slower:
            api.too_fast(done.slower * units_each, len(asked))
        if done.refused:
            refusals += 1
            if refusals >= REFUSALS:
                raise token_useless(done.refused)
        elif done.left:
            pauses.wait(done.reason or "some of a batch was not answered", done.seconds)


def _one_batch(
    api: Api, paths: Sequence[str], numbers: list[int], units_each: float, done: _Round
) -> Iterator[Told]:
    asked = [paths[number] for number in numbers]
    try:
        # Else an error that somebody keeps would keep the connection open.
        with closing(api.batch(asked, units_each * len(numbers))) as parts:
            for part in parts:
                number = numbers[part.number] if part.number < len(numbers) else -1
                if number not in done.left:
                    continue
                told = _judged(number, part, done)
                if told is not None:
                    del done.left[number]
                    yield told
    except (Again, NoAnswer) as error:
        done.later(error)
    except TokenRefused as error:
        done.refused = error
    except NotFound as error:
        raise SettingError("endpoint", f"there is no batch to be asked: {error}") from None


def _judged(number: int, part: Part, done: _Round) -> Told | None:
    """Return the answer, or None where it is to be asked for again."""
    if (
        part.status == 400
        and "failedPrecondition" not in (told := refusal_of(400, part.body)).reasons
    ):
        return Told(number, None, f"Gmail refuses it: {told}")
    try:
        expect_success(part.status, part.headers, part.body)
    except NotFound:
        return Told(number, None)
    except Again as error:
        done.later(error)
        return None
    except TokenRefused as error:
        done.refused = error
        return None
    try:
        answer = json.loads(part.body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        return Told(number, answer, size=len(part.body))
    done.reason = "an answer is no JSON"
    done.left[number] += 1
    return Told(number, None, done.reason) if done.left[number] >= DAMAGED else None
