"""Dagster's event log: the windows of a run are stored together, and each is found again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import pytest
from dagster._check import CheckError
from sqlalchemy import event
from sqlalchemy.engine import Connection

from dataq_assets.quiet import quietly
from dataq_assets.runs.launch import open_instance
from dataq_assets.runs.session import Session
from dataq_resources.event_log import KeptSqliteEventLogStorage
from dataq_resources.home import EVENTS_AT_ONCE, Home

MONTHS = [f"2025-{month:02}" for month in range(1, 13)]


with quietly():

    @dg.asset(
        partitions_def=dg.StaticPartitionsDefinition(MONTHS),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def monthly() -> dg.MaterializeResult[None]:
        """Recorded for each month."""
        return dg.MaterializeResult(metadata={"rows": 3})


@pytest.fixture
def instance(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for name, value in EVENTS_AT_ONCE.items():
        monkeypatch.setenv(name, value)
    with open_instance(Home(home)) as found:
        yield found


def storage_of(instance: dg.DagsterInstance) -> KeptSqliteEventLogStorage:
    found = instance.event_log_storage
    assert isinstance(found, KeptSqliteEventLogStorage)
    return found


def materialized(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    tags = {
        "dagster/asset_partition_range_start": MONTHS[0],
        "dagster/asset_partition_range_end": MONTHS[-1],
    }
    return dg.materialize([monthly], instance=instance, tags=tags)


def recorded(instance: dg.DagsterInstance) -> Sequence[dg.EventLogRecord]:
    return instance.fetch_materializations(monthly.key, limit=100).records


def commits_of(instance: dg.DagsterInstance) -> int:
    """How many transactions it takes to record all months."""
    commits: list[Connection] = []

    def note(connection: Connection) -> None:
        commits.append(connection)

    engine = storage_of(instance)._kept()
    event.listen(engine, "commit", note)
    try:
        assert materialized(instance).success
    finally:
        event.remove(engine, "commit", note)
    return len(commits)


def test_all_windows_are_one_transaction_and_each_is_found(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = commits_of(instance)
    assert sorted(str(record.partition_key) for record in recorded(instance)) == MONTHS
    assert instance.get_materialized_partitions(monthly.key) == set(MONTHS)

    monkeypatch.delenv(*EVENTS_AT_ONCE)
    one_by_one = commits_of(instance)
    assert one_by_one - together >= 2 * (len(MONTHS) - 1)


def test_of_the_asset_as_a_whole_the_last_window_is_known(instance: dg.DagsterInstance) -> None:
    run = materialized(instance).dagster_run
    (record,) = instance.get_asset_records([monthly.key])
    last = record.asset_entry.last_materialization_record
    assert last is not None
    newest = max(recorded(instance), key=lambda each: each.storage_id)
    assert (last.storage_id, last.partition_key) == (newest.storage_id, newest.partition_key)
    assert last.run_id == record.asset_entry.last_run_id == run.run_id


def test_a_batch_that_fails_leaves_nothing_and_what_comes_after_it_is_stored(
    instance: dg.DagsterInstance,
) -> None:
    assert materialized(instance).success
    storage = storage_of(instance)
    entries = [record.event_log_entry for record in recorded(instance)]
    with pytest.raises(CheckError):
        storage.store_event_batch([*entries, "no event"])  # type: ignore[list-item]
    assert len(recorded(instance)) == len(MONTHS)
    storage.store_event(entries[0])
    assert len(recorded(instance)) == len(MONTHS) + 1


def test_a_session_has_windows_stored_together(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*EVENTS_AT_ONCE, "")  # so that it is put back
    monkeypatch.delenv(*EVENTS_AT_ONCE)
    with Session(Home(home), []):
        assert {name: os.environ[name] for name in EVENTS_AT_ONCE} == EVENTS_AT_ONCE
