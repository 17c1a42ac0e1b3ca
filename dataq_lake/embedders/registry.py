"""The models by name: each file in models/ is one, found without a central list."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, cast

from dataq_lake.errors import UnknownModel

if TYPE_CHECKING:
    from dataq_lake.embedders.interface import Embedder

DEFAULT_MODEL = "wordllama"


def model_names() -> list[str]:
    """The names `embedder` knows, sorted."""
    from dataq_lake.embedders import models

    return sorted(module.name for module in iter_modules(models.__path__))


@cache
def embedder(name: str = DEFAULT_MODEL) -> Embedder:
    """The model `name`, loaded once a process.

    Raises UnknownModel for a name that no file has, ModelNotInstalled where its extra is missing.
    """
    names = model_names()
    if name not in names:
        raise UnknownModel(f"no embedding model {name!r}: there are {', '.join(names)}")
    module = import_module(f"dataq_lake.embedders.models.{name}")
    return cast("Embedder", module.load())
