"""The graph of assets, in the order in which data flows:

    sources       raw            items           assets          segments      embeddings   indexes
    plugins  →  raw_<source>  →  items        →  assets       →  texts      →  embeddings → snapshots
                                 quarantine/     entities        analyses
                                 gate            quarantine/     messages
                                                 assets          segments
                                                                 quarantine/texts

Raw is partitioned by windows of time and filled by plugins. Everything after it is incremental:
what is new is whatever the asset's own table lacks, so every run may be repeated or cut off.
"""

import dagster as dg

from dataq_assets.defs.assets import assets
from dataq_assets.defs.checks import table_checks
from dataq_assets.defs.embeddings import embeddings
from dataq_assets.defs.indexes import snapshots
from dataq_assets.defs.items import items_asset
from dataq_assets.defs.segments import segments
from dataq_assets.defs.texts import texts
from dataq_assets.loading import source_definitions, source_names
from dataq_resources.embedder import EmbedderResource
from dataq_resources.home import Home, home_from_environment
from dataq_resources.indexes import IndexIOManager
from dataq_resources.lake import HomeResource
from dataq_resources.pool import PoolResource
from dataq_resources.raw import RawIOManager
from dataq_resources.tables import TableIOManager


def build(home: Home) -> dg.Definitions:
    """Everything that can be materialized in one home."""
    sources = dg.Definitions.merge(*source_definitions(home))
    names = source_names(home)
    where = HomeResource(path=str(home.path))
    return dg.Definitions.merge(
        sources,
        dg.Definitions(
            assets=[items_asset(names), assets, texts, segments, embeddings, snapshots],
            asset_checks=[table_checks(names)],
            resources={
                "home": where,
                "pool": PoolResource(),
                "embedder": EmbedderResource(),
                "raw_io": RawIOManager(home=where),
                "tables": TableIOManager(home=where),
                "indexes": IndexIOManager(home=where),
            },
            executor=dg.in_process_executor,
        ),
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """The graph of the home that DATAQ_HOME names."""
    return build(home_from_environment())
