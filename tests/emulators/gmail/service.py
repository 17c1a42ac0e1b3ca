"""Everything between a request and its answer: who asks, what goes wrong, what it costs."""

from __future__ import annotations

import gzip
import json
import random
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.gmail import batches
from tests.emulators.gmail.attachments import Attachments
from tests.emulators.gmail.calls import Answer, Call, read_call
from tests.emulators.gmail.errors import Refused, not_authenticated, too_few_scopes
from tests.emulators.gmail.faults import Fault
from tests.emulators.gmail.mailboxes import Mailbox
from tests.emulators.gmail.methods import KNOWN, Methods, as_bytes
from tests.emulators.gmail.occasions import Hook
from tests.emulators.gmail.pages import Pages
from tests.emulators.gmail.quotas import UNITS, Quota
from tests.emulators.gmail.selection import parse_fields, select
from tests.emulators.gmail.signing_in import SigningIn
from tests.emulators.gmail.tokens import Tokens

REMEMBERED = 200_000


@dataclass
class Service:
    """The state of one emulator; `handle` is called by a thread for each connection."""

    boxes: dict[str, Mailbox] = field(default_factory=dict)
    tokens: Tokens = field(default_factory=Tokens)
    pages: Pages = field(default_factory=Pages)
    attachments: Attachments = field(default_factory=Attachments)
    quota: Quota | None = None
    faults: list[Fault] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    log: deque[Call] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    requests: int = 0
    packing: bool = False
    problems: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _under_way: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        signing_in = SigningIn(self.tokens)
        self._beside = {
            "auth": signing_in.ask_consent,
            "token": signing_in.endpoint,
            "revoke": signing_in.revoke,
            "tokeninfo": signing_in.tokeninfo,
        }
        self._methods = Methods(self.tokens, self.pages, self.attachments)

    def handle(self, verb: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """The answer to one HTTP request."""
        with self.lock:
            self.requests += 1
            call = read_call(self.requests, verb, target, headers, body)
        try:
            return self._packed(call, self._answered(call))
        except Exception as problem:  # noqa: BLE001 - the test has it at the end of its block
            self.problems.append(problem)
            return Answer(500, b"the emulator itself has failed", "text/plain")

    def _packed(self, call: Call, answer: Answer) -> Answer:
        """Compressed, if so set and the client says twice that it may be, as Google wants it."""
        asked = "gzip" in call.headers.get("accept-encoding", "")
        if self.packing and asked and "gzip" in call.headers.get("user-agent", ""):
            answer.body = gzip.compress(answer.body, compresslevel=1)
            answer.headers += (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
        return answer

    def _answered(self, call: Call) -> Answer:
        grant = self.tokens.holder(call.headers.get("authorization", ""))
        call.user = grant.user if grant else ""
        with self.lock:
            self.counts[call.method] += 1
            self.log.append(call)
        self._meet(call, after=False)
        due = [fault for fault in list(self.faults) if fault.occasion.due(call)]
        refusing = [fault for fault in due if fault.refuses()]
        try:
            answer = Answer(200) if refusing else self._done(call)
        except Refused as refused:
            answer = Answer(refused.code, refused.body(), headers=refused.headers)
        for fault in refusing[:1] or due:
            answer = fault.spoil(answer)
        call.status = answer.status
        self._meet(call, after=True)
        return answer

    def _meet(self, call: Call, after: bool) -> None:
        """Calls the hooks, with no lock held: they may do whatever a test does."""
        for hook in list(self.hooks):
            if hook.after is after and hook.occasion.due(call):
                try:
                    hook.do(call.told())
                except BaseException as problem:  # noqa: BLE001 - also a failed assertion
                    self.problems.append(problem)

    def _done(self, call: Call) -> Answer:
        if call.part is not None:
            batches.refuse_inner(call)
        if call.method == "batch":
            return self._batch(call)
        beside = self._beside.get(call.method)
        return beside(call) if beside else self._method(call)

    def _batch(self, call: Call) -> Answer:
        if call.verb != "POST":
            raise Refused(404)
        parts = batches.parts(call)
        order = list(range(len(parts)))
        if self.quota is not None:  # all at once: which of them come too late, nobody knows before
            random.Random(call.number).shuffle(order)
        answers: dict[int, Answer] = {}
        for turn, number in enumerate(order):
            parts[number][1].turn = turn
            answers[number] = self._answered(parts[number][1])
        return batches.joined([(name, answers[number]) for number, (name, _) in enumerate(parts)])

    def _method(self, call: Call) -> Answer:
        """A method of the API: token, scopes, user, quota and then the method itself."""
        if call.method == "unknown":
            raise Refused(404)
        grant = self.tokens.holder(call.headers.get("authorization", ""))
        if grant is None:
            raise not_authenticated()
        scopes = set(grant.scopes)
        if call.method not in KNOWN or not scopes & KNOWN[call.method][1]:
            raise too_few_scopes(call.method)
        if call.named["user"] not in {"me", grant.user}:
            raise Refused(403, f"Delegation denied for {grant.user}", "forbidden")
        if grant.user not in self.boxes:
            raise Refused(400, "Mail service not enabled", "failedPrecondition")
        with self._entered(call) as under_way:
            if self.quota is not None:
                self.quota.spend(call, under_way)
            wanted = parse_fields(call.first("fields")) if call.first("fields") else None
            told = self._methods.answer(call, self.boxes[grant.user], scopes)
        with self.lock:
            self.units[grant.user] += UNITS[call.method]
        if wanted is not None:
            content: Any = json.loads(told) if isinstance(told, bytes) else told
            told = select(content, wanted)
        return Answer(200, as_bytes(told))

    @contextmanager
    def _entered(self, call: Call) -> Iterator[int]:
        """How many calls of this user are under way, with this one; of a batch, all are at once."""
        if call.part is not None:
            yield call.turn + 1
            return
        with self.lock:
            self._under_way[call.user] += 1
            now = self._under_way[call.user]
        try:
            yield now
        finally:
            with self.lock:
                self._under_way[call.user] -= 1
