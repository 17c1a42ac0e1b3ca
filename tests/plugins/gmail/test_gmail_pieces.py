"""What the source gmail is made of: batches, quotas, waits, spans, the state."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_plugins.sdk import Unreachable
from dataq_plugins.sources.gmail.batch import boundary_of, parts, written
from dataq_plugins.sources.gmail.errors import Again, NotFound, expect_success, refusal_of
from dataq_plugins.sources.gmail.known import Known, Sent
from dataq_plugins.sources.gmail.limiter import CATCH_UP_SECONDS, Limiter
from dataq_plugins.sources.gmail.message import BadMessage, decoded, message_of
from dataq_plugins.sources.gmail.opening import ended
from dataq_plugins.sources.gmail.progress import ForeignState, Progress, unpack
from dataq_plugins.sources.gmail.service import batch_url, build_service, described
from dataq_plugins.sources.gmail.spans import EVER, LATEST, Spans
from dataq_plugins.sources.gmail.transport import NoAnswer
from dataq_plugins.sources.gmail.waited import Belt, waited
from dataq_plugins.sources.gmail.waiting import Pauses, Stopped, jittered

WHEN = datetime(2026, 5, 19, 8, 30, tzinfo=UTC)


def answered(bodies: list[bytes], line: bytes = b"\r\n", end: bytes = b"--") -> bytes:
    found = b""
    for number, body in enumerate(bodies):
        outer = [b"--b_1", b"Content-Type: application/http", b"Content-ID: <response-%d>" % number]
        inner = [b"HTTP/1.1 200 OK", b"Retry-After: 7", b"Content-Type: application/json"]
        found += line.join([*outer, b"", *inner, b"", body]) + line
    return found + b"--b_1" + end + line


@given(
    st.lists(st.binary(max_size=40), max_size=4),
    st.integers(1, 9),
    st.sampled_from([b"\r\n", b"\n"]),
)
def test_parts_come_out_however_they_are_cut(bodies: list[bytes], step: int, line: bytes) -> None:
    bodies = [body.replace(b"\n", b".").replace(b"\r", b".") + b"}" for body in bodies]
    data = answered(bodies, line)
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    found = list(parts(pieces, b"b_1"))
    assert [each.body.strip() for each in found] == [body.strip() for body in bodies]
    assert [each.number for each in found] == list(range(len(bodies)))
    assert {each.headers["retry-after"] for each in found} <= {"7"}


@pytest.mark.parametrize("cut", [5, 60, 120, -3, -4])
def test_a_batch_that_breaks_off_keeps_what_came_before(cut: int) -> None:
    found = parts([answered([b"{1}", b"{2}"])[:cut]], b"b_1")
    if cut < 0:
        assert next(found).body.strip() == b"{1}"
    with pytest.raises(NoAnswer):
        next(found)


def test_a_body_may_hold_what_looks_like_a_delimiter() -> None:
    [one] = parts([answered([b'{"a": "--b_1", "b": "x--b_1--"}'])], b"b_1")
    assert one.body.strip() == b'{"a": "--b_1", "b": "x--b_1--"}'


def test_what_is_no_batch_is_told() -> None:
    assert boundary_of('multipart/mixed; boundary="b 1"') == b"b 1"
    for each in ("", "text/html", "multipart/mixed"):
        with pytest.raises(NoAnswer):
            boundary_of(each)
    for bad in (b"no headers", b"A: b\r\n\r\nHTTP/1.1 teapot\r\n\r\n"):
        with pytest.raises(NoAnswer):
            list(parts([b"--b\r\n" + bad + b"\r\n--b--\r\n"], b"b"))
    assert written(["/a", "/b"]).count(b"GET /") == 2


class Clock:
    """A clock that waits move forward."""

    def __init__(self) -> None:
        self.now = 100.0
        self.stopped = False

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.stopped


def spent(limiter: Limiter, clock: Clock, costs: list[float]) -> float:
    begun = clock.now
    for cost in costs:
        limiter.take(cost, clock)  # type: ignore[arg-type]
    return clock.now - begun


@given(st.lists(st.sampled_from([1.0, 5.0, 125.0, 500.0]), min_size=2, max_size=60))
def test_the_rate_is_kept(costs: list[float]) -> None:
    clock = Clock()
    took = spent(Limiter(250, clock), clock, costs)
    due = sum(costs[:-1]) / 250
    assert due - CATCH_UP_SECONDS <= took + 1e-6
    assert took <= due + 0.11 * len(costs)


def test_refusals_lower_the_rate_and_time_raises_it() -> None:
    clock = Clock()
    limiter = Limiter(250, clock)
    for _ in range(3):
        limiter.slower()
    assert limiter.rate == pytest.approx(128)
    spent(limiter, clock, [5.0] * 60)
    assert limiter.rate == 250
    for _ in range(50):
        limiter.slower()
    assert limiter.rate == 25
    assert spent(Limiter(0, clock), clock, [1e9] * 5) == 0


def test_refused_units_can_be_used_again() -> None:
    clock = Clock()
    limiter = Limiter(250, clock)
    limiter.take(500, clock)  # type: ignore[arg-type]
    limiter.give_back(250)
    assert spent(limiter, clock, [5.0]) == pytest.approx(1, abs=0.01)
    clock.stopped = True
    with pytest.raises(Stopped):
        spent(limiter, clock, [500.0, 5.0])


def test_waits_double_up_to_a_bound_and_end() -> None:
    longest = [max(jittered(tries) for _ in range(300)) for tries in (1, 3, 5, 40)]
    assert longest == sorted(longest)
    assert 0.3 < longest[0] <= 0.5
    assert 20 < longest[-1] <= 32
    pauses = Pauses(10, threading.Event())
    with pytest.raises(Unreachable, match="asks to wait 11 s"):
        pauses.wait("it is busy", 11)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Pauses(10, stop).wait("it is busy")


def test_spans_join_and_say_what_is_missing() -> None:
    spans = Spans([(10, 20), (30, 40)])
    assert spans.missing((0, 50)) == [(0, 10), (20, 30), (40, 50)]
    assert spans.missing((12, 18)) == []
    spans.add((20, 30))
    spans.add((7, 7))
    assert list(spans) == [(10, 40)]
    assert (10 in spans, 40 in spans) == (True, False)
    assert not spans.is_whole
    spans.add((0, LATEST))
    assert spans.is_whole
    assert Spans([EVER]).is_whole


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))),
    st.tuples(st.integers(0, 30), st.integers(0, 30)),
)
def test_missing_is_what_is_not_in_it(spans: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    made = Spans(spans)
    inside = {n for start, end in spans for n in range(start, end)}
    assert {n for n in range(31) if n in made} == inside
    missing = {n for start, end in made.missing(asked) for n in range(start, end)}
    assert missing == set(range(*asked)) - inside


Labels = (
    st.lists(st.sampled_from(["INBOX", "UNREAD", "Label_1"]), unique=True).map(sorted).map(tuple)
)


@given(
    st.dictionaries(
        st.text("0123456789abcdef", min_size=1),
        st.tuples(st.integers(-5, 1 << 41), st.integers(0, 1 << 60), Labels),
    ),
    st.sets(st.integers(0, 9)),
)
def test_the_state_comes_back(
    mails: dict[str, tuple[int, int, tuple[str, ...]]], gone: set[int]
) -> None:
    known = Known()
    for message, sent in mails.items():
        known.put(message, Sent(*sent))
    for number, message in enumerate(list(mails)):
        if number in gone:
            known.drop(message)
            del mails[message]
    scope = {"content": ["raw"], "choice": ["", []]}
    progress = Progress("ana@example.org", scope, known, Spans([(1, 9)]), 7, False, True)
    back = unpack(progress.pack(), "ana@example.org", scope)
    assert {each: back.known.get(each) for each in back.known} == {
        k: Sent(*v) for k, v in mails.items()
    }
    assert (list(back.covered), back.history, back.lost, back.unsure) == ([(1, 9)], 7, False, True)
    for other in (b"", b"other", progress.pack()[:-3], progress.pack()[:30]):
        with pytest.raises(ForeignState):
            unpack(other, "ana@example.org", scope)
    with pytest.raises(ForeignState, match="ana@"):
        unpack(progress.pack(), "ben@example.org", scope)
    changed = unpack(progress.pack(), "ana@example.org", {**scope, "content": ["full"]})
    assert not list(changed.covered)
    assert {changed.known.get(each).labels for each in changed.known} <= {("?",)}  # type: ignore[union-attr]


def test_every_field_of_a_mail_is_read() -> None:
    leaf = {
        "partId": "0",
        "mimeType": "text/plain",
        "filename": "",
        "body": {"size": 2, "data": "aGk"},
    }
    file = {"partId": "1", "filename": "a.bin", "body": {"size": 9, "attachmentId": "x"}}
    payload = {"headers": [{"name": "Subject", "value": "one"}], "parts": [leaf, file]}
    told = {
        "id": "18c2", "threadId": "18c1", "labelIds": ["UNREAD", "INBOX"], "snippet": "hi",
        "historyId": "77", "internalDate": "1700000000123", "sizeEstimate": 99, "payload": payload,
        "raw": "aGk",
    }  # fmt: skip
    message = message_of(told)
    assert message.label_ids == ("INBOX", "UNREAD")
    assert (message.history_id, message.internal_ms, message.size_estimate) == (
        77,
        1700000000123,
        99,
    )
    assert (message.thread_id, message.snippet, message.raw) == ("18c1", "hi", b"hi")
    assert message.payload is not None
    assert [part.part_id for part in message.payload.walk()] == ["", "0", "1"]
    assert message.payload.headers[0].value == "one"
    assert message.payload.parts[0].data == b"hi"
    assert (message.payload.parts[1].attachment_id, message.payload.parts[1].data) == ("x", None)
    for bad in (
        {},
        {"id": "1"},
        {"id": "1", "internalDate": "soon"},
        {**told, "raw": "a"},
        {**told, "raw": 7},
    ):
        with pytest.raises(BadMessage):
            message_of(bad)


@given(st.binary())
def test_base64url_comes_back(data: bytes) -> None:
    import base64

    text = base64.urlsafe_b64encode(data).decode()
    assert decoded(text) == decoded(text.rstrip("=")) == data


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"error": 3}', b'{"error": {"errors": 7}}', b"<html>"]
)
def test_errors_that_are_none_are_borne(body: bytes) -> None:
    assert refusal_of(500, body).status == 500
    with pytest.raises(Again):
        expect_success(503, {"retry-after": "2"}, body)
    with pytest.raises(NotFound):
        expect_success(404, {}, body)


def test_the_endpoint_moves_every_kind_of_call() -> None:
    service = build_service("http://127.0.0.1:9/x")
    request = service.users().messages().get(userId="me", id="1", format="raw")
    assert request.uri.startswith("http://127.0.0.1:9/x/gmail/v1/")
    assert service.new_batch_http_request()._batch_uri == batch_url("http://127.0.0.1:9/x")
    upload = service.users().messages().insert(userId="me", media_body=None, body={})
    assert upload.uri.startswith("http://127.0.0.1:9/x/")
    assert "mtlsRootUrl" not in described("http://127.0.0.1:9/")


def test_a_belt_holds_no_more_than_it_may() -> None:
    belt: Belt[int] = Belt(10)
    belt.put(1, 100)  # the first always fits
    waiting = threading.Thread(target=belt.put, args=(2, 5), daemon=True)
    waiting.start()
    assert belt.get(1) == [1]
    waiting.join(2)
    assert belt.get(1) == [2]
    assert belt.get(0.01) == []
    belt.close()
    with pytest.raises(Stopped):
        belt.put(3, 1)


def test_who_waits_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataq_plugins.sources.gmail.waited.ALIVE_SECONDS", 0.01)
    ready = threading.Event()
    lines = waited("list", lambda: "done" if ready.wait(5) else "never")
    assert "list" in next(lines).message
    ready.set()
    assert ended(lines) == "done"

    def fail() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError):
        list(waited("list", fail))
