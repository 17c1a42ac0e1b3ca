"""The operation `deliver`, with destinations as real processes, good ones and others."""

from __future__ import annotations

import pytest

from dataq_plugins.errors import OperationFailed, PluginError, PluginSilent, ProtocolViolated
from dataq_plugins.host import Delivery, Limits, PluginProcess, PluginSpec
from dataq_plugins.host.delivery import receipt
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.registry import argv_for
from tests.plugins.conftest import Spec

MANY = [Delivery(f"{n:032x}", "items", (f"{n}",), b'{"n": %d}' % n) for n in range(20)]


def test_receipts_come_in_order(double: Spec) -> None:
    lines: list[str] = []
    with PluginProcess(double("taker.py"), lambda _, line: lines.append(line)) as plugin:
        assert plugin.describe().capabilities == {"describe", "configure", "deliver", "cancel"}
        receipts = list(plugin.deliver(MANY))
    assert [each.delivery_id for each in receipts] == [each.id for each in MANY]
    assert [each.place for each in receipts] == [each.rows.decode() for each in MANY]
    assert lines == ["1 rows of items"] * 20


def test_who_waits_and_says_so_is_not_silent(double: Spec) -> None:
    spec = double("taker.py", Limits(silence_seconds=30), way="patient")
    with PluginProcess(spec) as plugin:
        assert [each.fate for each in plugin.deliver(MANY[:1])] == ["delivered"]


@pytest.mark.parametrize(
    ("way", "error", "reason"),
    [
        ("no receipt", OperationFailed, "without saying what became"),
        ("silent", PluginSilent, "silence_seconds"),
        ("crash", PluginError, "exit"),
    ],
)
def test_who_does_not_answer_fails_its_run(
    double: Spec, way: str, error: type[PluginError], reason: str
) -> None:
    spec = double("taker.py", Limits(silence_seconds=3), way=way)
    with PluginProcess(spec) as plugin, pytest.raises(error, match=reason) as raised:
        list(plugin.deliver(MANY))
    assert raised.value.operation == "deliver"


def test_secrets_do_not_come_back(double: Spec) -> None:
    with PluginProcess(double("taker.py", way="tells", secret="hush-hush")) as plugin:
        (told,) = plugin.deliver(MANY[:1])
    assert told.reason == "I know [redacted]"


def test_a_source_takes_nothing() -> None:
    with (
        PluginProcess(PluginSpec("orchard", argv_for("file_scanner"))) as plugin,
        pytest.raises(OperationFailed, match="no destination"),
    ):
        list(plugin.deliver(MANY))


@pytest.mark.parametrize(
    "message",
    [
        pb.Receipt(),
        pb.Receipt(delivery_id="b", fate="FATE_DELIVERED"),
        pb.Receipt(delivery_id="a"),
        pb.Receipt(delivery_id="a", fate=9),  # type: ignore[arg-type]
    ],
)
def test_receipts_that_say_nothing_are_refused(message: pb.Receipt) -> None:
    with pytest.raises(ProtocolViolated):
        receipt(message, "a")
