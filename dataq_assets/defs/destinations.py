"""Destinations as assets, each downstream of the table whose rows it gets."""

from collections.abc import Iterator

import dagster as dg

from dataq_assets.behind import afterwards
from dataq_assets.owners import OWNER
from dataq_resources.changes import Changes, Round
from dataq_resources.destinations import Destination, read_destinations
from dataq_resources.home import Home
from dataq_resources.lake import HomeResource
from dataq_resources.progress import tell

PREFIX = "destinations"
READS = {"quarantine": dg.AssetKey(["quarantine", "rejected_items"])}


def destination_assets(home: Home) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """One asset a destination; a broken one says what is wrong."""
    found = read_destinations(home)
    broken = [
        dg.AssetSpec(
            destination_key(each.path.stem),
            group_name=PREFIX,
            description=f"Cannot be used: {each}",
            kinds={"broken"},
        )
        for each in found.broken
    ]
    return [*map(destination_asset, found.good), *broken]


def destination_key(name: str) -> dg.AssetKey:
    """The asset of the destination called `name`."""
    return dg.AssetKey([PREFIX, name])


def reads(destination: Destination) -> list[dg.AssetKey]:
    """The assets after which a destination is delivered; what goes is told by the entities."""
    given = destination.config
    key = READS.get(given.table, dg.AssetKey(given.table))
    told = dg.AssetKey("entities")
    return [key, told] if given.changes and key != told else [key]


def destination_asset(destination: Destination) -> dg.AssetsDefinition:
    """The asset that delivers to one destination."""
    given = destination.config

    @dg.asset(
        key=destination_key(destination.name),
        group_name=PREFIX,
        deps=reads(destination),
        description=given.description
        or f"{'Changes' if given.changes else 'Rows'} of {given.table}, delivered.",
        kinds={given.plugin or "plugin"},
        owners=list(given.owners) or [OWNER],
        io_manager_key="tables",
        pool=f"destination_{destination.name}",
        metadata={"table": "deliveries", "plugin": given.plugin or " ".join(given.command or ())},
        automation_condition=afterwards() if given.automatic else None,
    )
    def deliver(context: dg.AssetExecutionContext, home: HomeResource) -> Changes:
        from dataq_assets.delivery.delivering import Delivering

        delivering = Delivering(
            destination,
            home.lake,
            context.run.run_id,
            on_log=lambda level, line: getattr(context.log, level)(line),
            on_count=lambda done, total: tell(PREFIX, done, total, source=destination.name),
        )
        return Changes(_told(delivering.rounds()), facts=delivering.facts)

    return deliver


def _told(rounds: Iterator[Round]) -> Iterator[Round]:
    """The same, with a plugin's error as one line instead of a traceback."""
    from dataq_plugins.errors import PluginError

    try:
        yield from rounds
    except PluginError as error:
        raise dg.Failure(str(error)) from None
