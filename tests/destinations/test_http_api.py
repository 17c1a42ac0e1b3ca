"""The HTTP destination against a receiver that is hard to please."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from dataq_assets.delivery.delivering import Delivering
from dataq_assets.delivery.records import Records
from dataq_assets.delivery.selection import OfTable
from dataq_lake.lake import Lake
from dataq_lake.written import CommitInfo
from dataq_plugins.errors import ConfigError, OperationFailed, SourceUnreachable
from dataq_plugins.host import PluginProcess
from dataq_resources.changes import Changes
from dataq_resources.destinations import Destination, destination_spec
from tests.destinations.conftest import add_items, http, states
from tests.destinations.receiver import Receiver

Deliver = Callable[[Destination], dict[str, int]]


def test_every_row_arrives_once_as_it_is(lake: Lake, receiver: Receiver, deliver: Deliver) -> None:
    ids = add_items(lake, 0, 25)
    assert deliver(http(receiver)) == {"rows": 25, "dead": 0, "requests": 3}
    assert receiver.ids() == ids
    assert receiver.taken[7]["title"] == 'Äpfel 0007\n"quoted"'
    assert receiver.taken[7]["timestamp"] == "2026-01-02T03:04:05.000678Z"
    assert "payload" not in receiver.taken[7]
    assert [len(json.loads(each.body)) for each in receiver.requests] == [10, 10, 5]


def test_only_what_is_new_is_sent(lake: Lake, receiver: Receiver, deliver: Deliver) -> None:
    add_items(lake, 0, 12)
    deliver(http(receiver))
    assert deliver(http(receiver)) == {"rows": 0, "dead": 0, "requests": 0}
    new = add_items(lake, 100, 3)
    deliver(http(receiver))
    assert receiver.ids()[12:] == new


def test_the_record_of_the_last_delivery_has_the_watermark(
    lake: Lake, receiver: Receiver, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataq_assets.delivery.packing.GROUP_ROWS", 10)
    ids = add_items(lake, 0, 30)

    def watermarks() -> dict[str, int]:
        planned = lake.table("deliveries").scan().filter(pl.col("watermark").is_not_null())
        return {row["row_ids"][-1]: row["watermark"] for row in planned.collect().to_dicts()}

    rounds = Delivering(http(receiver), lake, "run").rounds()
    Changes([next(rounds)]).commit(lake, CommitInfo("run"))
    rounds.close()  # type: ignore[attr-defined]
    assert watermarks() == {}, "more was to come"
    deliver(http(receiver))
    assert sorted(receiver.ids()) == ids
    assert watermarks() == {ids[-1]: lake.table("items").version()}


def test_batches_are_bounded_by_bytes(lake: Lake, receiver: Receiver, deliver: Deliver) -> None:
    add_items(lake, 0, 20)
    deliver(http(receiver, batch_rows=1000, batch_bytes=2_000))
    sizes = [len(each.body) for each in receiver.requests]
    assert len(sizes) > 3
    assert max(sizes) <= 2_000 + 20  # brackets and commas
    assert len(set(receiver.ids())) == 20


def test_a_row_over_the_bound_travels_alone(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    add_items(lake, 0, 3)
    deliver(http(receiver, batch_bytes=1))
    assert [len(json.loads(each.body)) for each in receiver.requests] == [1, 1, 1]


def test_retry_after_is_honoured(lake: Lake, receiver: Receiver, deliver: Deliver) -> None:
    add_items(lake, 0, 3)
    receiver.script = [(429, {"Retry-After": "1"})]
    begun = time.monotonic()
    assert deliver(http(receiver)) == {"rows": 3, "dead": 0, "requests": 2}
    assert time.monotonic() - begun >= 1


def test_who_asks_for_too_long_a_wait_is_away(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    add_items(lake, 0, 3)
    receiver.script = [(503, {"Retry-After": "86400"})]
    with pytest.raises(SourceUnreachable, match="asks to come back in 86400 s"):
        deliver(http(receiver))
    assert states(lake) == {"planned": 3}


@pytest.mark.parametrize("trouble", [[500, 502], [409, 425], ["reset", "reset"], ["reset", 500]])
def test_trouble_that_passes_loses_and_repeats_nothing(
    lake: Lake, receiver: Receiver, deliver: Deliver, trouble: list[Any]
) -> None:
    ids = add_items(lake, 0, 25)
    receiver.script = [200, *trouble]
    assert deliver(http(receiver)) == {"rows": 25, "dead": 0, "requests": 5}
    assert receiver.ids() == ids


def test_an_answer_that_was_lost_does_not_double_rows_where_the_key_is_honoured(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    ids = add_items(lake, 0, 25)
    receiver.script = ["lost", 200, "lost"]
    deliver(http(receiver))
    assert receiver.ids() == ids
    assert len(receiver.requests) == 5


def test_an_answer_that_was_lost_comes_again_whole_where_it_is_not(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    ids = add_items(lake, 0, 20)
    receiver.honours_key = False
    receiver.script = ["lost"]
    deliver(http(receiver))
    assert receiver.ids() == ids[:10] + ids[:10] + ids[10:]
    keys = [each.headers["idempotency-key"] for each in receiver.requests]
    assert keys[0] == keys[1] != keys[2]


def test_a_status_may_say_that_it_is_known(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    add_items(lake, 0, 10)
    receiver.duplicate_status = 409
    receiver.script = ["lost"]
    assert deliver(http(receiver, duplicate_statuses=[409]))["rows"] == 10
    assert len(receiver.taken) == 10


def test_a_wrong_token_stops_and_kills_nothing(
    lake: Lake, receiver: Receiver, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add_items(lake, 0, 15)
    receiver.needs = {"Authorization": "Bearer right-one"}
    destination = http(receiver, auth="bearer", token="env:CRM_TOKEN")
    monkeypatch.setenv("CRM_TOKEN", "wrong-one")
    with pytest.raises(ConfigError, match="setting 'token': the receiver answered 401") as error:
        deliver(destination)
    assert "wrong-one" not in str(error.value)
    assert states(lake) == {"planned": 15}
    monkeypatch.setenv("CRM_TOKEN", "right-one")
    assert deliver(destination)["rows"] == 15
    assert sorted(receiver.ids()) == ids


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"auth": "api_key", "token": "k1"}, "X-API-Key", "k1"),
        ({"auth": "api_key", "token": "k1", "api_key_header": "X-K"}, "X-K", "k1"),
        ({"auth": "basic", "username": "u", "password": "pä"}, "Authorization", "Basic dTpww6Q="),
    ],
)
def test_credentials_are_shown(
    lake: Lake,
    receiver: Receiver,
    deliver: Deliver,
    settings: dict[str, str],
    header: str,
    value: str,
) -> None:
    add_items(lake, 0, 1)
    receiver.needs = {header: value}
    assert deliver(http(receiver, **settings))["rows"] == 1


def oauth(receiver: Receiver, **more: Any) -> Destination:
    return http(
        receiver,
        auth="oauth",
        token_url=receiver.url.replace("/rows", "/token"),
        client_id="me",
        client_secret="s%cret",
        **more,
    )


def test_a_token_is_fetched_once_and_again_when_it_has_ended(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    ids = add_items(lake, 0, 30)

    def revoke(taken: int) -> None:
        if taken == 20:
            receiver.needs["Authorization"] = "Bearer none"

    receiver.on_taken = revoke
    receiver.needs = {"Authorization": "Bearer none"}
    assert deliver(oauth(receiver))["rows"] == 30
    assert receiver.ids() == ids
    assert receiver.tokens == 2


def test_a_client_that_is_not_known_stops(lake: Lake, receiver: Receiver, deliver: Deliver) -> None:
    add_items(lake, 0, 1)
    destination = oauth(receiver)
    destination.config.config["client_secret"] = "other"
    with pytest.raises(ConfigError, match=r"client_secret.*answered 401"):
        deliver(destination)


def test_what_is_refused_is_dead_and_the_rest_goes_on(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    ids = add_items(lake, 0, 30)
    receiver.refuses = lambda rows: 400 if rows[0]["item_id"] == ids[10] else None
    assert deliver(http(receiver)) == {"rows": 20, "dead": 10, "requests": 3}
    assert receiver.ids() == ids[:10] + ids[20:]
    dead = Records(lake, "crm").latest().collect().filter(state="dead").to_dicts()
    assert [each["reason"] for each in dead] == ["the receiver answered 400: I do not want them"]
    assert deliver(http(receiver))["requests"] == 0


def test_one_that_fails_among_others_is_dead(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    ids = add_items(lake, 0, 30)
    receiver.refuses = lambda rows: 500 if rows[0]["item_id"] == ids[10] else None
    counts = deliver(http(receiver, attempts=3))
    assert counts == {"rows": 20, "dead": 10, "requests": 5}
    assert states(lake) == {"delivered": 20, "dead": 10}


def test_a_receiver_that_fails_is_away_and_nothing_is_dead(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    ids = add_items(lake, 0, 30)
    receiver.refuses = lambda rows: 500
    with pytest.raises(SourceUnreachable, match="it takes nothing now: the receiver answered 500"):
        deliver(http(receiver))
    keys = {each.headers["idempotency-key"] for each in receiver.requests}
    assert states(lake) == {"planned": 30}
    receiver.refuses = lambda rows: None
    assert deliver(http(receiver))["rows"] == 30
    assert sorted(receiver.ids()) == ids
    assert keys <= receiver.keys.keys()


def test_a_single_delivery_that_fails_waits_for_another_run(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    add_items(lake, 0, 3)
    receiver.script = [500, 500]
    with pytest.raises(OperationFailed, match="1 deliveries were given up and wait"):
        deliver(http(receiver, attempts=2))
    assert states(lake) == {"planned": 3}
    assert deliver(http(receiver, attempts=2))["rows"] == 3


def test_what_waits_is_sent_as_it_was_however_rows_are_stored_now(
    lake: Lake, receiver: Receiver, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_items(lake, 0, 35)
    receiver.script = ["lost", 500]
    with pytest.raises(SourceUnreachable):
        deliver(http(receiver, attempts=1))
    assert len(receiver.taken) == 10
    add_items(lake, 100, 7)
    as_stored = OfTable.rows

    def otherwise(self: OfTable, keys: pl.Series) -> Iterator[pa.RecordBatch]:
        table = pa.Table.from_batches(list(as_stored(self, keys)))
        yield from table.take(list(reversed(range(table.num_rows)))).to_batches(3)

    monkeypatch.setattr(OfTable, "rows", otherwise)
    # The receiver answers 422 to a key that it knows with other bytes.
    assert deliver(http(receiver, attempts=1)) == {"rows": 42, "dead": 0, "requests": 5}
    assert len(receiver.ids()) == len(set(receiver.ids())) == 42


def test_nobody_there_is_away(lake: Lake, receiver: Receiver, deliver: Deliver) -> None:
    add_items(lake, 0, 30)
    with pytest.raises(SourceUnreachable, match="no answer"):
        deliver(http(receiver, url="http://127.0.0.1:9/rows", attempts=2))
    assert states(lake) == {"planned": 30}


def test_an_open_breaker_sends_one_try(lake: Lake, receiver: Receiver, deliver: Deliver) -> None:
    add_items(lake, 0, 30)
    receiver.refuses = lambda rows: 503
    with pytest.raises(SourceUnreachable):
        deliver(http(receiver, attempts=9, breaker_failures=4))
    first, second = (each.headers["idempotency-key"] for each in receiver.requests[3:5])
    assert len(receiver.requests) == 5
    assert first != second


def test_addresses_of_this_machine_are_refused(
    lake: Lake, receiver: Receiver, deliver: Deliver
) -> None:
    add_items(lake, 0, 1)
    url = receiver.url.replace("127.0.0.1", "localhost")
    for each in (receiver.url, url):
        with pytest.raises(ConfigError, match="allow_private"):
            deliver(http(receiver, url=each, allow_private=False))
    assert receiver.requests == []


def test_redirects_are_not_followed(lake: Lake, receiver: Receiver, deliver: Deliver) -> None:
    add_items(lake, 0, 1)
    receiver.script = [(307, {"Location": "http://elsewhere.example/"})]
    with pytest.raises(ConfigError, match=r"'url'.*307 .to http://elsewhere.example/"):
        deliver(http(receiver, auth="bearer", token="abc"))
    assert len(receiver.requests) == 1


def test_bodies_of_lines_and_wrapped_ones(lake: Lake, receiver: Receiver, deliver: Deliver) -> None:
    add_items(lake, 0, 3)
    receiver.script = [400, 400]
    deliver(http(receiver, "lines", body="lines", columns=["title"]))
    deliver(http(receiver, "wrapped", wrap='re"cords', columns=["title"]))
    lines, wrapped = receiver.requests
    assert lines.headers["content-type"] == "application/x-ndjson"
    rows = [json.loads(each) for each in lines.body.splitlines()]
    assert [sorted(each) for each in rows] == [["item_id", "title"]] * 3
    assert json.loads(wrapped.body) == {'re"cords': rows}


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"url": "ftp://host/x"}, "url"),
        ({"url": "https://me:pw@host/x"}, "url"),
        ({"auth": "bearer"}, "token"),
        ({"auth": "oauth", "token_url": "https://x/t", "client_id": "me"}, "client_secret"),
        ({"wrap": "x", "body": "lines"}, "wrap"),
        ({"attempts": 0}, "attempts"),
    ],
)
def test_wrong_settings_are_named(
    receiver: Receiver, settings: dict[str, Any], setting: str
) -> None:
    with (
        PluginProcess(destination_spec(http(receiver, **settings))) as plugin,
        pytest.raises(ConfigError) as error,
    ):
        plugin.configure()
    assert error.value.setting == setting


def test_a_check_changes_nothing(receiver: Receiver) -> None:
    receiver.needs = {"X-API-Key": "right"}
    with PluginProcess(destination_spec(http(receiver, auth="api_key", token="right"))) as plugin:
        plugin.check()
    assert [each.method for each in receiver.requests] == ["OPTIONS"]
    with (
        PluginProcess(destination_spec(http(receiver, auth="api_key", token="no"))) as plugin,
        pytest.raises(ConfigError, match="401"),
    ):
        plugin.check()
