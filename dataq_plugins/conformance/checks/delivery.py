"""What a destination does with rows."""

from __future__ import annotations

from dataq_plugins.conformance.checks.description import described
from dataq_plugins.conformance.session import Answer, Session, Skipped, expect
from dataq_plugins.host.delivery import FATES
from dataq_plugins.protocol.framing import frame
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb


def check_deliver(session: Session) -> None:
    """It takes rows, and says so in a receipt for them."""
    _expect_taken(_delivered(session, _parcel(session, "first")), "rows that the receiver takes")


def check_deliver_again(session: Session) -> None:
    """It takes the same delivery again, also in a new process, and says the same of it."""
    parcel = _parcel(session, "again")
    first = _delivered(session, parcel)
    again = _delivered(session, parcel)
    session.restart()
    anew = _delivered(session, parcel)
    for answer, when in ((again, "the second time"), (anew, "from a new process")):
        _expect_taken(answer, when)
        same = answer.receipt.place == first.receipt.place
        expect(same, f"{when} it says that it is at {answer.receipt.place!r}")


def check_taken_once(session: Session) -> None:
    """It adds nothing where it takes a delivery again, also from a new process."""
    taken = session.parcel.taken
    if taken is None:
        raise Skipped("nobody said how to count what the receiver has (taken)")
    parcel = _parcel(session, "once")
    before = taken()
    _expect_taken(_delivered(session, parcel), "the first time")
    added = taken() - before
    expect(added == len(parcel.row_id), f"of {len(parcel.row_id)} rows {added} arrived")
    _delivered(session, parcel)
    session.restart()
    _delivered(session, parcel)
    expect(taken() - before == added, f"sent three times, {added} rows are {taken() - before}")


def check_deliveries_ahead(session: Session) -> None:
    """It answers deliveries that were sent before the first was answered, each, in their order."""
    requests = [
        session.request("deliver", delivery=_parcel(session, f"ahead {number}"))
        for number in range(4)
    ]
    with session.judging("deliver"):
        session.connection.begin()
        session.connection.write(b"".join(map(frame, requests)))
    for request in requests:
        answer = session.answer(session.connection, request)
        _expect_receipt(answer, request.delivery)
        _expect_taken(answer, "one of several")


def check_changes(session: Session) -> None:
    """It takes changes, or refuses them with a reason; it does not fail over them."""
    for number, change in enumerate(session.parcel.changes()):
        form = described(session).rows
        parcel = session.parcel.of(f"change {number}", form, [change], changes=True)
        answer = _delivered(session, parcel)
        fate = FATES.get(answer.receipt.fate)
        expect(fate in ("delivered", "refused"), f"it told {fate} of a {change['op']}")
        expect(fate == "delivered" or answer.receipt.reason, "it refused without a reason")


def check_refused(session: Session) -> None:
    """It tells rows that the receiver refuses as refused, with the reason, and goes on."""
    if not session.parcel.refused:
        raise Skipped("nobody said which rows the receiver refuses (refused)")
    form = described(session).rows
    bad = session.parcel.of("refused", form, session.parcel.refused)
    for parcel in (bad, bad):
        answer = _delivered(session, parcel)
        fate = FATES.get(answer.receipt.fate)
        expect(fate == "refused", f"it told {fate} of what the receiver refuses")
        expect(answer.receipt.reason, "it did not say why they were refused")
        _expect_taken(_delivered(session, _parcel(session, "after")), "after a refusal")


def check_receiver_away(session: Session) -> None:
    """It tells nothing as delivered while the receiver is away, and takes it afterwards."""
    if session.parcel.away is None:
        raise Skipped("nobody said under which settings nobody is there (away)")
    parcel = _parcel(session, "away")
    config = {**session.config, **session.parcel.away}
    answer = session.ask("deliver", config=config, delivery=parcel)
    unreachable = answer.error_code == pb.ERROR_CODE_UNREACHABLE
    failed = not answer.error and FATES.get(answer.receipt.fate) == "failed"
    expect(unreachable or failed, "it told neither UNREACHABLE nor a receipt of what failed")
    _expect_taken(_delivered(session, parcel), "once the receiver is there")


def check_deliver_wrong_settings(session: Session) -> None:
    """It refuses to deliver under wrong settings, by name, and takes nothing."""
    taken = session.parcel.taken
    before = taken() if taken else 0
    config = {**session.config, "no_such_setting": "1"}
    answer = session.ask("deliver", config=config, delivery=_parcel(session, "wrong"))
    expect(answer.error, "it delivered under a setting that it does not know")
    expect(answer.error_code == pb.ERROR_CODE_CONFIG, "error_code is not CONFIG")
    name = answer.error_setting
    expect(name == "no_such_setting", f"its error names the setting {name!r}")
    expect(not taken or taken() == before, "it took the rows")


def _parcel(session: Session, name: str) -> pb.Delivery:
    return session.parcel.of(name, described(session).rows)


def _delivered(session: Session, parcel: pb.Delivery) -> Answer:
    answer = session.ask("deliver", delivery=parcel).expect_success()
    _expect_receipt(answer, parcel)
    return answer


def _expect_receipt(answer: Answer, parcel: pb.Delivery) -> None:
    answer.expect_success()
    told = answer.receipt
    expect(told.delivery_id == parcel.id, f"its receipt is for {told.delivery_id or 'nothing'!r}")
    expect(told.fate in FATES, f"its receipt has the fate {told.fate}")


def _expect_taken(answer: Answer, when: str) -> None:
    told = answer.receipt
    reason = f": {told.reason}" if told.reason else ""
    expect(FATES.get(told.fate) == "delivered", f"{when}: {FATES.get(told.fate)}{reason}")
