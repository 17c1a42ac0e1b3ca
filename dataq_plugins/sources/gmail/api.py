"""The calls that are made of Gmail: each keeps to the quota, and is tried again if that helps."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from dataq_plugins.sdk import SettingError
from dataq_plugins.sources.gmail import batch
from dataq_plugins.sources.gmail.access import CONSENT_AGAIN, Access
from dataq_plugins.sources.gmail.errors import Again, TokenRefused, expect_success
from dataq_plugins.sources.gmail.limiter import Limiter
from dataq_plugins.sources.gmail.service import NAMED, batch_url, build_service
from dataq_plugins.sources.gmail.settings import Settings
from dataq_plugins.sources.gmail.transport import NoAnswer, Transport
from dataq_plugins.sources.gmail.waiting import Pauses

PROFILE, LABELS, LIST, GET, ATTACHMENT, HISTORY = 1, 1, 5, 5, 5, 2
"""Units of the quota: https://developers.google.com/workspace/gmail/api/reference/quota"""
PAGE = 500
SMALL_BATCH = 12
ME = "me"


class Page(NamedTuple):
    """Ids of mails, and where the next ones are; "" at the end."""

    ids: list[str]
    next: str


class ListOf(NamedTuple):
    """What a list is asked for: words of Gmail's search, the id of one label, so many a page."""

    query: str = ""
    label: str = ""
    spam_trash: bool = False
    most: int = PAGE


def page_of(told: Mapping[str, Any]) -> Page:
    """Return the page in an answer of messages.list."""
    ids = [each["id"] for each in told.get("messages", ())]
    return Page(ids, told.get("nextPageToken", ""))


class Line:
    """What is kept from one operation to the next: connections, the token, what is left of a quota.

    Made without asking anybody anything; raises SettingError where there is no token.
    """

    def __init__(self, settings: Settings, home: Path) -> None:
        self.settings = settings
        self.transport = Transport(settings.timeout_seconds)
        self.access = Access(settings, home, self.transport)
        self.service = build_service(settings.endpoint)
        self.batch = settings.batch
        self.limiters = [
            Limiter(settings.units_per_second),
            Limiter(settings.project_units_per_second),
        ]


class Api:
    """Gmail for one account and one operation; for several threads. `stop` ends every wait."""

    def __init__(self, line: Line) -> None:
        self.stop = threading.Event()
        self._line = line
        self._service = line.service
        self._batch_url = batch_url(line.settings.endpoint)

    def opening_paths(self, since: int) -> list[str]:
        """Return the paths of profile, labels and, unless 0, of the history since a change."""
        users = self._service.users()
        asked = [users.getProfile(userId=ME), users.labels().list(userId=ME)]
        asked += [self._history(since)] if since else []
        return [_path(each.uri) for each in asked]

    def page(self, list_of: ListOf, after: str = "") -> Page:
        """Return a page of the ids of mails, the newest first; raises StalePage."""
        told = self._call(self._list(list_of, after), LIST)
        return page_of(told)

    def list_path(self, list_of: ListOf) -> str:
        """Return the path of the first page of a list."""
        return _path(self._list(list_of, "").uri)

    def history(self, since: int, after: str = "") -> dict[str, Any]:
        """Return a page of what changed; raises NotFound where that is no longer known."""
        return self._call(self._history(since, after), HISTORY)

    def _history(self, since: int, after: str = "") -> Any:
        given = {"startHistoryId": str(since), "maxResults": PAGE}
        given |= {"pageToken": after} if after else {}
        return self._service.users().history().list(userId=ME, **given)

    def _list(self, list_of: ListOf, after: str) -> Any:
        wanted = {
            "q": list_of.query or None,
            "labelIds": list_of.label or None,
            "pageToken": after or None,
            "includeSpamTrash": list_of.spam_trash,
            "maxResults": list_of.most,
            "fields": "messages/id,nextPageToken",
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        return self._service.users().messages().list(userId=ME, **given)

    def message_path(self, form: str) -> str:
        """Return the path of a mail in a format, with NAMED in the place of its id."""
        messages = self._service.users().messages()
        return _path(messages.get(userId=ME, id=NAMED, format=form).uri)

    def attachment_path(self, message: str) -> str:
        """Return the path of an attachment of a mail, with NAMED in the place of its id."""
        attachments = self._service.users().messages().attachments()
        return _path(attachments.get(userId=ME, messageId=message, id=NAMED).uri)

    def batch(self, paths: Sequence[str], units: float) -> Generator[batch.Part, None, None]:
        """Yield the answers to a batch as they arrive, whatever they say; asked once.

        Raises NoAnswer, Again, TokenRefused where the batch as a whole got none.
        """
        self.pay(units)
        token = self._line.access.token()
        headers = {"Content-Type": batch.CONTENT_TYPE, "Authorization": f"Bearer {token}"}
        body = batch.written(paths)
        with self._line.transport.stream("POST", self._batch_url, body, headers) as stream:
            if stream.status == 401:
                self._line.access.refused(token)
            if stream.status != 200:
                expect_success(stream.status, stream.headers, b"".join(stream.pieces()))
            boundary = batch.boundary_of(stream.headers.get("content-type", ""))
            pieces = stream.pieces()
            for part in batch.parts(pieces, boundary):
                if part.status == 401:
                    self._line.access.refused(token)
                yield part
            for _ in pieces:  # what follows the last delimiter, so that the connection is kept
                pass

    def pay(self, units: float) -> None:
        """Wait until so many units may be used."""
        for limiter in self._line.limiters:
            limiter.take(units, self.stop)

    def too_fast(self, units: float, size: int = 1) -> None:
        """Told that these units of a batch were refused: they get smaller, then the rate lower.

        A batch that costs more than a second's units is refused in part however long we waited.
        """
        line = self._line
        for limiter in line.limiters:
            limiter.give_back(units)
        if size > SMALL_BATCH:
            line.batch = min(line.batch, max(SMALL_BATCH, size // 2))
        else:
            line.limiters[0].slower()

    @property
    def batch_size(self) -> int:
        """How many requests to make one."""
        return self._line.batch

    def pauses(self) -> Pauses:
        """Return the waits of a request that is about to be made."""
        return Pauses(self._line.settings.patience_seconds, self.stop)

    def close(self) -> None:
        """End every wait and every request that is under way."""
        self.stop.set()
        self._line.transport.interrupt()

    def _call(self, request: Any, units: float) -> dict[str, Any]:
        """Return what a request is answered, which Google's client has made."""
        pauses = self.pauses()
        refused = 0
        while True:
            try:
                return self._once(request, units)
            except TokenRefused as error:
                refused += 1
                if refused > 1:
                    raise token_useless(error) from None
            except NoAnswer as error:
                pauses.wait(str(error))
            except Again as error:
                if error.slower:
                    self.too_fast(units)
                pauses.wait(str(error), error.seconds)

    def _once(self, request: Any, units: float) -> dict[str, Any]:
        self.pay(units)
        token = self._line.access.token()
        headers = {**request.headers, "authorization": f"Bearer {token}"}
        answer = self._line.transport.send(request.method, request.uri, None, headers)
        if answer.status == 401:
            self._line.access.refused(token)
        expect_success(*answer)
        try:
            told = json.loads(answer.body)
        except ValueError:
            raise NoAnswer("the answer is no JSON") from None
        if not isinstance(told, dict):
            raise NoAnswer("the answer is no JSON object")
        return told


def token_useless(error: Exception) -> SettingError:
    """Return the error of a token that was just given out, and is not taken."""
    return SettingError(
        "token", f"Gmail does not take a new token either ({error}). {CONSENT_AGAIN}"
    )


def _path(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.path}?{parts.query}"
