"""How a plugin behaves as a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dataq_plugins.conformance.checks.description import described
from dataq_plugins.conformance.session import Session, Skipped, expect
from dataq_plugins.host.connection import Connection
from dataq_plugins.protocol.framing import frame
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb


def check_unknown_operation(session: Session) -> None:
    """It answers an operation that it does not know with an error, and goes on."""
    answer = session.ask("no_such_operation")
    expect(answer.error, "it answered without an error")
    expect(
        answer.error_code == pb.ERROR_CODE_UNKNOWN_OPERATION, "error_code is not UNKNOWN_OPERATION"
    )
    described(session)


def check_unknown_field(session: Session) -> None:
    """It ignores fields of requests that it does not know: newer hosts send them."""
    request = session.request("describe")
    request.MergeFromString(bytes([0xFA, 0x3F, 3]) + b"new")  # field 1023, three bytes
    with session.judging():
        session.connection.send(request)
    session.answer(session.connection, request).expect_success()


def check_requests_in_pieces(session: Session) -> None:
    """It reads requests that arrive byte by byte, and several at once."""
    with _own_process(session) as connection, session.judging():
        one, two, three = (session.request("describe") for _ in range(3))
        for byte in frame(one):
            connection.write(bytes([byte]))
        session.answer(connection, one).expect_success()
        connection.write(frame(two) + frame(three))
        session.answer(connection, two).expect_success()
        session.answer(connection, three).expect_success()


def check_cancel(session: Session) -> None:
    """It stops its work when asked to, says so, and answers the next request."""
    if "cancel" not in described(session).capabilities:
        raise Skipped("it does not offer cancel")
    with _own_process(session) as connection, session.judging():
        request = session.work()
        connection.write(frame(request) + frame(pb.PluginRequest(operation="cancel")))
        answer = session.answer(connection, request)
        finished = not answer.error and not answer.error_code
        expect(
            finished or answer.error_code == pb.ERROR_CODE_CANCELLED,
            f"it ended with another error: {answer.error}",
        )
        after = session.request("describe")
        connection.send(after)
        session.answer(connection, after).expect_success()


def check_stdout(session: Session) -> None:
    """It writes nothing but answers to standard output."""
    with _own_process(session) as connection, session.judging():
        for request in (session.request("describe"), session.request("configure"), session.work()):
            connection.send(request)
            session.answer(connection, request).expect_success()
        connection.finish_requests()
        expect(connection.receive() is None, "it sent something that nobody had asked for")


def check_end(session: Session) -> None:
    """It ends with exit code 0 when its input closes."""
    with _own_process(session) as connection, session.judging():
        request = session.request("describe")
        connection.send(request)
        session.answer(connection, request)
        connection.finish_requests()
        error = connection.exit_error()
        expect(error is None, error.reason if error else "")


def check_end_while_working(session: Session) -> None:
    """It ends soon when its input closes while it extracts or delivers."""
    with _own_process(session) as connection, session.judging():
        connection.send(session.work())
        connection.finish_requests()
        while connection.receive():
            pass
        expect(connection.has_ended(), "it still runs after its output ended")


@contextmanager
def _own_process(session: Session) -> Iterator[Connection]:
    connection = session.open()
    try:
        yield connection
    finally:
        connection.close(kill=True)
