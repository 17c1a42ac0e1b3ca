"""Everything that follows from raw, without asking any source."""

from __future__ import annotations

from dataq_assets.runs.outcome import Outcome
from dataq_resources.home import Home
from dataq_resources.locks import locked
from dataq_resources.progress import OnProgress, listening
from dataq_resources.sources import read_sources


def derive(home: Home, on_progress: OnProgress | None = None) -> Outcome:
    """What came of deriving all that the derived tables and the search index lack."""
    from dataq_assets.definitions import build
    from dataq_assets.runs.dead import bury
    from dataq_assets.runs.launch import derived_keys, launch, open_instance

    definitions = build(home, read_sources(home).good)
    with open_instance(home) as instance:
        bury(instance)
        with listening(on_progress), locked(home.locks, "derived"):
            return launch(instance, definitions, derived_keys(definitions))
