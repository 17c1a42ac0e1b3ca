"""DATAQ_HOME: where the lake, Dagster's records, sources and locks of one tenant live."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dataq_lake.location import Location, located
from dataq_lake.objects.path import ObjectPath
from dataq_lake.objects.store import expect_conditional_puts
from dataq_lake.whole_file import write_whole

DAGSTER_YAML = """\
# Written by DataQ on first use; yours to change.
telemetry:
  enabled: false
nux:
  enabled: false
# The plugins' log lines are events of their run, so nothing else is captured.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
event_log_storage:
  module: dataq_resources.event_log
  class: KeptSqliteEventLogStorage
  config:
    base_dir:
      env: DAGSTER_HOME
run_storage:
  module: dagster._core.storage.runs
  class: SqliteRunStorage
  config:
    base_dir:
      env: DAGSTER_HOME
schedule_storage:
  module: dagster._core.storage.schedules
  class: SqliteScheduleStorage
  config:
    base_dir:
      env: DAGSTER_HOME
# The server that knows the sources may be starting again, or busy, when a run is to start.
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_user_code_failure_retries: 5
    user_code_failure_retry_delay: 30
# A run is forked from a process that has everything loaded; Dagster's own way where that fails.
run_launcher:
  module: dataq_resources.warm.launcher
  class: WarmRunLauncher
concurrency:
  runs:
    max_concurrent_runs: 4
    # Two runs of one source at a time would overwrite each other's state.
    tag_concurrency_limits:
      - key: dataq/source
        limit: 1
        value:
          applyLimitPerUniqueValue: true
# A run that does not start or does not end when told to is failed, not waited for. What one that
# was killed had of a pool is free again after that.
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  cancel_timeout_seconds: 180
  poll_interval_seconds: 60
  free_slots_after_run_end_seconds: 5
# Only runs that say so are tried again (dagster/max_retries): those of schedules, and derivation.
run_retries:
  enabled: true
  max_retries: 0
# A source that thinks for long holds up no other.
sensors:
  use_threads: true
  num_workers: 4
schedules:
  use_threads: true
  num_workers: 4
retention:
  schedule:
    purge_after_days: {skipped: 7, started: -1, failure: 90, success: 90}
  sensor:
    purge_after_days: {skipped: 1, started: -1, failure: 30, success: 90}
"""

EVENTS_AT_ONCE = {"DAGSTER_EVENT_BATCH_SIZE": "250"}
"""Has Dagster hand the windows of a run over together: event_log.py stores them so, and faster."""


@dataclass(frozen=True)
class Home:
    """The folders below one DATAQ_HOME; none has to exist."""

    path: Path

    @property
    def lake(self) -> Location:
        """Tables and blobs: where DATAQ_LAKE says, or below the home."""
        return located(os.environ.get("DATAQ_LAKE") or self.path / "lake")

    @property
    def dagster(self) -> Path:
        """Runs, events and schedules: what Dagster calls DAGSTER_HOME."""
        return self.path / "dagster"

    @property
    def sources(self) -> Path:
        """A folder a source, each with its defs.yaml."""
        return self.path / "sources"

    @property
    def marts(self) -> Path:
        """What dbt has built, and what it needs to build it."""
        return self.path / "marts"

    @property
    def marts_file(self) -> Path:
        """The DuckDB file with the marts; it is replaced whole, never written to."""
        return self.marts / "marts.duckdb"

    @property
    def locks(self) -> Location:
        """Files that are locked while their name's work is done; several homes may share a lake."""
        return self.lake / "locks"

    def prepare(self) -> None:
        """Makes the folders and dagster.yaml where they are missing, for this user only."""
        for folder in (self.path, self.lake, self.dagster, self.sources, self.locks):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if isinstance(self.lake, ObjectPath) and not (self.lake / "tables").is_dir():
            expect_conditional_puts(self.lake)
        settings = self.dagster / "dagster.yaml"
        if not settings.exists():
            write_whole(settings, DAGSTER_YAML)


def home_from_environment() -> Home:
    """The home that DATAQ_HOME names, ~/.dataq by default."""
    return Home(Path(os.environ.get("DATAQ_HOME") or "~/.dataq").expanduser().absolute())
