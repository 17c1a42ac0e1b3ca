"""The methods of the API, for who is known and allowed: each a function of a call and a mailbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.emulators.gmail.attachments import Attachments
from tests.emulators.gmail.calls import Call
from tests.emulators.gmail.errors import Refused, bad_argument, bad_parameter
from tests.emulators.gmail.history import TYPES, Record
from tests.emulators.gmail.mailboxes import Mailbox
from tests.emulators.gmail.pages import LARGEST, Pages
from tests.emulators.gmail.queries import parse
from tests.emulators.gmail.tokens import LABELS, MAIL, METADATA, MODIFY, READONLY, Tokens
from tests.emulators.gmail.trees import base64url

READERS = {MAIL, MODIFY, READONLY}
HEADERS = {*READERS, METADATA}
ANYWHERE = {"alt", "fields", "prettyPrint", "key", "quotaUser", "$.xgafv", "upload_protocol"}
# What each method may be asked, and which scopes will do.
KNOWN: dict[str, tuple[set[str], set[str]]] = {
    "getProfile": (set(), HEADERS),
    "labels.list": (set(), {*HEADERS, LABELS}),
    "labels.get": (set(), {*HEADERS, LABELS}),
    "messages.list": (
        {"q", "pageToken", "maxResults", "labelIds", "includeSpamTrash"},
        HEADERS,
    ),
    "messages.get": ({"format", "metadataHeaders"}, HEADERS),
    "attachments.get": (set(), READERS),
    "history.list": (
        {"startHistoryId", "historyTypes", "labelId", "maxResults", "pageToken"},
        HEADERS,
    ),
}


class Methods:
    """What messages.get answers is JSON already, everything else what is to become it."""

    def __init__(self, tokens: Tokens, pages: Pages, attachments: Attachments) -> None:
        self._tokens, self._pages, self._attachments = tokens, pages, attachments
        self._all: dict[str, Callable[[Call, Mailbox, set[str]], Any]] = {
            "getProfile": lambda call, box, scopes: box.profile(),
            "labels.list": lambda call, box, scopes: {"labels": box.labels.told()},
            "labels.get": _label,
            "messages.list": self._list,
            "messages.get": self._get,
            "attachments.get": self._attachment,
            "history.list": self._history,
        }

    def answer(self, call: Call, box: Mailbox, scopes: set[str]) -> Any:
        for name in call.query:
            if name not in ANYWHERE and name not in KNOWN[call.method][0]:
                said = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query '
                raise bad_argument(f"{said}parameter. Field '{name}' could not be found.")
        if call.first("alt", "json") != "json":
            raise bad_parameter("alt", call.first("alt"))
        with box.lock:
            return self._all[call.method](call, box, scopes)

    def _list(self, call: Call, box: Mailbox, scopes: set[str]) -> Any:
        if "q" in call.query and not scopes & READERS:
            raise Refused(403, "Metadata scope does not support 'q' parameter", "forbidden")
        labels = call.query.get("labelIds", [])
        box.labels.check(labels)
        query = parse(call.first("q"), box.labels, self._tokens.now())
        if _bool(call, "includeSpamTrash"):
            query.shown |= {"SPAM", "TRASH"}
        question = (call.first("q"), tuple(sorted(labels)), frozenset(query.shown))
        size = _size(call)
        return self._pages.mails(box, query, labels, size, call.first("pageToken"), question)

    def _get(self, call: Call, box: Mailbox, scopes: set[str]) -> Any:
        form = call.first("format", "full").lower()
        if form in {"full", "raw"} and not scopes & READERS:
            raise Refused(403, f"Metadata scope doesn't allow format {form.upper()}", "forbidden")
        mail = box.get(_message_id(call))
        told = mail.told(form, call.query.get("metadataHeaders", []))
        return self._attachments.issue(told, mail) if form == "full" else told

    def _attachment(self, call: Call, box: Mailbox, scopes: set[str]) -> Any:
        mail = box.get(_message_id(call))
        content = self._attachments.find(call.named["attachment"], mail)
        return {"size": len(content), "data": base64url(content)}

    def _history(self, call: Call, box: Mailbox, scopes: set[str]) -> Any:
        start = call.first("startHistoryId")
        if not start.isdigit():
            raise bad_argument("Invalid value at 'start_history_id' (TYPE_UINT64)")
        types = call.query.get("historyTypes", list(TYPES))
        for each in types:
            if each not in TYPES:
                raise bad_parameter("history_types", each)
        fields = {TYPES[each] for each in types}
        label = call.first("labelId")
        box.labels.check([label] if label else [])

        def wanted(record: Record) -> bool:
            return bool(fields & set(record.changes)) and (not label or label in record.labels)

        question = (start, tuple(sorted(types)), label)
        token = call.first("pageToken")
        page, more = self._pages.history(box, int(start), wanted, _size(call), token, question)
        told: dict[str, Any] = {"history": [record.told(fields) for record in page]} if page else {}
        if more:
            told["nextPageToken"] = more
        return {**told, "historyId": str(box.history.now)}


def _label(call: Call, box: Mailbox, scopes: set[str]) -> dict[str, Any]:
    label = call.named["id"]
    if not box.labels.has(label):
        raise Refused(404)
    inside = [mail for mail in box.mails.values() if label in mail.labels]
    unread = [mail for mail in inside if "UNREAD" in mail.labels]
    return {
        **box.labels.one(label),
        "messagesTotal": len(inside),
        "messagesUnread": len(unread),
        "threadsTotal": len({mail.thread_id for mail in inside}),
        "threadsUnread": len({mail.thread_id for mail in unread}),
    }


def _message_id(call: Call) -> str:
    text = call.named["id"]
    if not text or len(text) > 16 or set(text) - set("0123456789abcdef"):
        raise bad_argument("Invalid id value")
    return text


def _size(call: Call) -> int:
    """100 unless said otherwise, and 500 at most, whatever is said."""
    text = call.first("maxResults", "100")
    if not text.isdigit():
        raise bad_parameter("max_results", text)
    return min(int(text) or 100, LARGEST)


def _bool(call: Call, name: str) -> bool:
    text = call.first(name, "false")
    if text not in {"true", "false"}:
        raise bad_parameter(name, text)
    return text == "true"


def as_bytes(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()
