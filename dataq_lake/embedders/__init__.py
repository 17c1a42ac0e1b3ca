"""Models that turn text into vectors, each offline and behind one interface."""

from dataq_lake.embedders.interface import Embedder
from dataq_lake.embedders.registry import DEFAULT_MODEL, embedder, model_names

__all__ = ["DEFAULT_MODEL", "Embedder", "embedder", "model_names"]
