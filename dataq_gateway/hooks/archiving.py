"""The process of one run of a hook: what `dataq run` does, reported to Dagster and the store.

It goes on when the server that started it ends. Nobody types this.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from dataq_gateway.hooks.hook import hooks_folder
from dataq_gateway.hooks.store import Store
from dataq_resources.home import Home, home_from_environment
from dataq_resources.processes import this_process

if TYPE_CHECKING:
    from dataq_assets.runs import Outcome
    from dataq_gateway.hooks.delivery import Run

NOT_MINE = 3
"""Exit code where another process has the run."""
TOLD = b"told\n"
"""What the server writes once it has told Dagster that the run began."""


def main(run_id: str) -> int:
    """Archive the sources of a run that was started; the exit code is 0 once that is reported."""
    home = home_from_environment()
    with Store(hooks_folder(home)) as store:
        run = store.claim(run_id, this_process())
        if run is None:
            return NOT_MINE
        _say(this_process())
        failures, said = _archive(home, run)
        _report(home, run, failures, said)
        store.end(run.id, "failed" if failures else "done", failures or None)
    return 0


def _say(line: str) -> None:
    """Tell the server, if it is still there, and nothing after that."""
    with suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), f"{line}\n".encode())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _archive(home: Home, run: Run) -> tuple[str, str]:
    """What failed, empty if nothing, and what was done."""
    from dataq_assets.runs import run as archive

    try:
        outcome = archive(home, run.sources)
    except Exception as error:  # noqa: BLE001 - whatever it is belongs into the run's record
        return f"{type(error).__name__}: {error}", ""
    return "; ".join(f"{each.where}: {each.reason}" for each in outcome.failures), _done(outcome)


def _done(outcome: Outcome) -> str:
    rows = ", ".join(f"{count:,} {table}" for table, count in outcome.rows.items() if count)
    runs = ", ".join(outcome.run_ids)
    return f"{rows or 'nothing new'}; runs: {runs or 'none'}"


def _report(home: Home, run: Run, failures: str, said: str) -> None:
    from dataq_assets.runs.launch import open_instance
    from dataq_gateway.hooks.records import Records

    with open_instance(home) as instance:
        records = Records(instance)
        records.record(run)
        # Otherwise the server could still report a beginning, after the end.
        if sys.stdin.buffer.readline() != TOLD:
            records.begun(run, this_process())
        if failures:
            records.failed(run, f"{failures}; {said}")
        else:
            records.succeeded(run, said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
