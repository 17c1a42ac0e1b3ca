"""The text embedding model that this lake uses."""

import dagster as dg

from dataq_lake.embedders import DEFAULT_MODEL, Embedder
from dataq_lake.indexes.manifest import Model


class EmbedderResource(dg.ConfigurableResource[None]):
    """A model by name, loaded when it is first used."""

    name: str = DEFAULT_MODEL

    def get(self) -> Embedder:
        """The model."""
        from dataq_lake.embedders import embedder

        return embedder(self.name)

    def model(self) -> Model:
        """What snapshots call it."""
        model = self.get()
        return Model(model.name, model.version, model.dimensions)
