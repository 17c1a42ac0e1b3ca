"""The sensor that tells of failed runs: each channel hears of each at least once."""

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg
from dagster import DagsterEventType, EventLogRecord, RunStatusChangeRecordsFilter

from dataq_assets.notices import notice_of
from dataq_resources.lake import HomeResource
from dataq_resources.notifying.channel import (
    Channel,
    FixChannel,
    NotDelivered,
    channel_files,
    read_channel,
)

SECONDS = 15
AT_A_TIME = 20
LONGEST_SECONDS = 25
"""Dagster ends a look after a minute."""


def failure_sensor() -> dg.SensorDefinition:
    """Looks for runs that failed for good, wherever they were started."""

    @dg.sensor(
        name="failures",
        target=None,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells the channels of $DATAQ_HOME/notify of every run that failed for good.",
    )
    def failures(context: dg.SensorEvaluationContext, home: HomeResource) -> dg.SkipReason:
        instance = context.instance
        before: dict[str, int] = json.loads(context.cursor or "{}")
        after, troubles, until = {}, [], time.monotonic() + LONGEST_SECONDS
        for path in channel_files(home.home):
            # A new channel hears of what fails from now on.
            begin = before.get(path.stem, _newest(instance))
            after[path.stem] = begin
            try:
                channel = read_channel(path)
                for seen in told(channel, instance, begin):
                    after[path.stem] = seen
                    if time.monotonic() > until:
                        break
            except (FixChannel, NotDelivered) as error:
                context.log.error("%s: %s", path.stem, error)
                troubles.append(f"{path.stem}: {error}; tried again")
        context.update_cursor(json.dumps(after))
        return dg.SkipReason("; ".join(troubles) or f"{len(after)} channels know of all failures")

    return failures


def told(channel: Channel, instance: dg.DagsterInstance, after: int) -> Iterator[int]:
    """The number of each failure since `after`, once the channel has it; raises NotDelivered."""
    for record in _failed(instance, after):
        notice = notice_of(instance, record)
        if notice is not None and channel.wants(notice):
            channel.send(notice)
        yield record.storage_id


def _failed(instance: dg.DagsterInstance, after: int) -> Iterable[EventLogRecord]:
    wanted: Any = RunStatusChangeRecordsFilter(DagsterEventType.RUN_FAILURE, after_storage_id=after)
    return instance.fetch_run_status_changes(wanted, AT_A_TIME, ascending=True).records


def _newest(instance: dg.DagsterInstance) -> int:
    newest = instance.fetch_run_status_changes(DagsterEventType.RUN_FAILURE, 1).records
    return newest[0].storage_id if newest else 0
