"""One run of Dagster in a process that the server has forked."""

from __future__ import annotations

from dagster._utils.interrupts import capture_interrupts, setup_interrupt_handlers


def main(run_id: str, instance: str) -> int:
    """Executes a run of the instance that this text refers to; the exit code is 0 in any case.

    How the run ended is in the instance, where Dagster's own worker leaves it, too.
    """
    from dagster import DagsterInstance
    from dagster._cli.api import _execute_run_command_body
    from dagster._core.instance import InstanceRef
    from dagster._serdes import deserialize_value

    setup_interrupt_handlers()
    with (
        capture_interrupts(),
        DagsterInstance.from_ref(deserialize_value(instance, InstanceRef)) as opened,
    ):
        return _execute_run_command_body(run_id, opened, lambda _: None, False)
