"""One run of one asset that runs of sources do not wait for, because somebody asks for it."""

from __future__ import annotations

import time

from dataq_assets.runs.outcome import Outcome
from dataq_assets.runs.session import Session
from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from dataq_resources.sources import read_sources


def materialize(home: Home, asset: str) -> Outcome:
    """What came of the asset and of its checks, as `dataq ranking build` and `dataq levels` ask.

    Raises UpgradeLake; all else that goes wrong is in the outcome.
    """
    from dataq_lake.upgrading import expect_upgraded

    begun = time.monotonic()
    home.prepare()
    expect_upgraded(open_lake(home.lake))
    with Session(home, read_sources(home).good) as session:
        outcome = session.alone([asset])
    outcome.seconds = time.monotonic() - begun
    return outcome
