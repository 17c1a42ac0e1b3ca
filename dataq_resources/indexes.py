"""Publishes what an asset returns as the next snapshot of the search index."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import dagster as dg

from dataq_lake.slice import Slice
from dataq_lake.written import CommitInfo
from dataq_resources.lake import HomeResource
from dataq_resources.locks import locked

if TYPE_CHECKING:
    from dataq_lake.indexes.documents import Publication


@dataclass(frozen=True)
class Unpublished:
    """What is to be published; `find` finds it out, once nobody else publishes."""

    find: "Callable[[], Publication]"


class IndexIOManager(dg.ConfigurableIOManager):
    """The current snapshot stays as it is until the next is complete."""

    home: dg.ResourceDependency[HomeResource]

    def handle_output(self, context: dg.OutputContext, obj: Unpublished) -> None:
        """Publishes; without changes there is no new snapshot."""
        from dataq_lake.indexes.publish import publish

        info = CommitInfo(context.run_id, context.asset_key.to_user_string())
        with locked(self.home.home.locks, "stage_snapshots"):
            found = obj.find()
            done = publish(self.home.lake, found, info)
        shown = {name: value for name, value in asdict(done).items() if value is not None}
        if found.withheld:
            shown["withheld"] = dict(found.withheld)
        context.add_output_metadata({**shown, "seconds": round(done.seconds, 3)})

    def load_input(self, context: dg.InputContext) -> Slice:  # noqa: ARG002
        """The table of snapshots."""
        return Slice(self.home.lake, "snapshots")
