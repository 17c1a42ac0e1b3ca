"""A home whose runs are forked, the launcher for them, and what the machine shows of both."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import dagster as dg
from dagster import DagsterRun, DagsterRunStatus
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import RemoteJobOrigin

from dataq_assets.definitions import build
from dataq_assets.runs.dead import bury
from dataq_assets.runs.launch import open_instance
from dataq_resources.home import Home
from dataq_resources.processes import PROCESS_TAG, is_alive, pid_of
from dataq_resources.warm.launcher import WarmRunLauncher
from dataq_resources.warm.place import place_of
from tests.slow import SECONDS, SlowSource, eventually

TODAY = time.strftime("%Y-%m", time.gmtime())


class Stand:
    """A home with the source `slow`, whose plugin waits for `gate`, and an instance on it."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home")
        self.home.prepare()
        settings = self.home.dagster / "dagster.yaml"
        text = settings.read_text()
        patient = f"  class: WarmRunLauncher\n  config: {{start_seconds: {SECONDS}.0}}\n"
        settings.write_text(text.replace("  class: WarmRunLauncher\n", patient))
        self.slow = SlowSource(folder)
        self.gate = self.slow.gate
        self.source = self.slow.declare(self.home.sources)
        self.instance = open_instance(self.home)

    @property
    def launcher(self) -> WarmRunLauncher:
        """The one that dagster.yaml names."""
        launcher = self.instance.run_launcher
        assert isinstance(launcher, WarmRunLauncher)
        return launcher

    def create(self, origin: RemoteJobOrigin | None = None) -> DagsterRun:
        """A run of raw_slow that nobody has launched."""
        key = dg.AssetKey("raw_slow")
        definitions = build(self.home)
        whole = definitions.resolve_implicit_global_asset_job_def()
        place = RepositoryPythonOrigin(
            sys.executable,
            ModuleCodePointer("dataq_assets.definitions", "definitions", str(Path.cwd())),
        )
        return self.instance.create_run_for_job(
            whole.get_subset(asset_selection={key}),
            tags={
                "dagster/asset_partition_range_start": TODAY,
                "dagster/asset_partition_range_end": TODAY,
            },
            status=DagsterRunStatus.NOT_STARTED,
            asset_selection=frozenset([key]),
            remote_job_origin=origin,
            job_code_origin=JobPythonOrigin(whole.name, place),
        )

    def launch(self, run: DagsterRun) -> str:
        """Has it launched; the name of its process."""
        self.instance.launch_run(run.run_id, None)  # type: ignore[arg-type]
        return self.run(run).tags[PROCESS_TAG]

    def run(self, run: DagsterRun) -> DagsterRun:
        """A run as it is now."""
        found = self.instance.get_run_by_id(run.run_id)
        assert found is not None
        return found

    def ended(self, run: DagsterRun) -> DagsterRunStatus:
        """How a run has ended, once it has."""
        eventually(lambda: self.run(run).is_finished)
        return self.run(run).status

    def server(self) -> str:
        """The name of the server's process."""
        lock = place_of(self.home) / "lock"
        return str(eventually(lock.read_text))

    def plugin(self) -> int:
        """The process id of the plugin, once it works."""
        ((_, process), *_) = eventually(self.slow.begun)
        assert isinstance(process, int)
        return process

    def rest(self) -> None:
        """Ends its runs, so that the next one waits for `gate` again."""
        self._kill_runs()
        bury(self.instance)
        self.slow.again()

    def close(self) -> None:
        """Ends the instance and its runs; the server has to end by itself."""
        self._kill_runs()
        self.instance.dispose()

    def _kill_runs(self) -> None:
        self.gate.touch()
        names = [run.tags.get(PROCESS_TAG, "") for run in self.instance.get_runs()]
        for name in names:
            with suppress(ProcessLookupError):
                if is_alive(name):
                    os.kill(pid_of(name), signal.SIGKILL)
                    eventually(lambda killed=name: not is_alive(killed))
