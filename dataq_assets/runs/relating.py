"""What `dataq relate` does: one run of `relationships` and what follows, without a daemon."""

from __future__ import annotations

import time
from collections.abc import Sequence

from dataq_assets.runs.outcome import Outcome
from dataq_assets.runs.session import Session
from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from dataq_resources.progress import OnProgress, listening
from dataq_resources.sources import read_sources


def relate(
    home: Home, relations: Sequence[str] = (), on_progress: OnProgress | None = None
) -> Outcome:
    """Brings these relations (all if none) up to date, then collections and tags.

    Raises FixTheCall for one that there is not, UpgradeLake; all else that goes wrong is in the
    outcome.
    """
    from dataq_assets.stages.relation import relations_named
    from dataq_lake.upgrading import expect_upgraded

    begun = time.monotonic()
    relations_named(relations)
    home.prepare()
    expect_upgraded(open_lake(home.lake))
    with listening(on_progress), Session(home, read_sources(home).good) as session:
        outcome = session.relate(relations)
    outcome.seconds = time.monotonic() - begun
    return outcome
