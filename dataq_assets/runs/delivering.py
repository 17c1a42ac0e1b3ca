"""What `dataq deliver` does: each destination's run, one after another, without a daemon."""

from __future__ import annotations

import time
from collections.abc import Sequence

from dataq_assets.runs.outcome import Failure, Outcome
from dataq_resources.destinations import Destination, one_destination, read_destinations
from dataq_resources.home import Home
from dataq_resources.progress import OnProgress, listening


def deliver(
    home: Home,
    names: Sequence[str] = (),
    on_progress: OnProgress | None = None,
    question: tuple[str, str] | None = None,
) -> Outcome:
    """Sends what is new to the destinations `names` (all if none), and what waits.

    `question` is SQL and its key column, in place of the destinations' own. Raises
    UnknownDestination, FixDestination; all else that goes wrong is in the outcome.
    """
    begun = time.monotonic()
    home.prepare()
    outcome = Outcome()
    chosen = [one_destination(home, name) for name in names]
    if not names:
        found = read_destinations(home)
        chosen = found.good
        outcome.failures += [Failure(each.path.stem, str(each)) for each in found.broken]
    if question:
        chosen = [_asking(each, *question) for each in chosen]
    if chosen:
        with listening(on_progress):
            _launch(home, chosen, outcome)
    outcome.seconds = time.monotonic() - begun
    return outcome


def _asking(destination: Destination, query: str, key: str) -> Destination:
    changed = {"query": query, "key": key, "columns": ()}
    return Destination(destination.name, destination.config.model_copy(update=changed))


def _launch(home: Home, chosen: Sequence[Destination], outcome: Outcome) -> None:
    import dagster as dg

    from dataq_assets.defs.destinations import destination_asset, destination_key
    from dataq_assets.runs.dead import bury
    from dataq_assets.runs.launch import launch, open_instance
    from dataq_resources.lake import HomeResource
    from dataq_resources.tables import TableIOManager

    where = HomeResource(path=str(home.path))
    definitions = dg.Definitions(
        assets=[destination_asset(each) for each in chosen],
        resources={"home": where, "tables": TableIOManager(home=where)},
        executor=dg.in_process_executor,
    )
    with open_instance(home) as instance:
        bury(instance)
        for each in chosen:
            tags = {"dataq/destination": each.name}
            key = destination_key(each.name)
            outcome.add(launch(instance, definitions, [key], tags=tags))
