"""Delivers the items of a lake to a URL with fresh records, and prints how long each time took.

deliver.py LAKE URL ROWS_A_BATCH TIMES: seconds from the question what is new to the last record.
"""

import json
import sys
import time

from dataq_assets.delivery.delivering import Delivering
from dataq_lake.lake import open_lake
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from dataq_resources.destinations import Destination, DestinationConfig

_, LAKE, URL, ROWS, TIMES = sys.argv
lake = open_lake(LAKE)
seconds = []
for number in range(int(TIMES)):
    given = {
        "plugin": "http_api",
        "table": "items",
        "rows": "json",
        "batch_rows": int(ROWS),
        "config": {"url": URL, "allow_private": True},
    }
    destination = Destination(f"d{time.time_ns()}", DestinationConfig.model_validate(given))
    begun = time.perf_counter()
    delivering = Delivering(destination, lake, f"run {number}")
    Changes(delivering.rounds()).commit(lake, CommitInfo("bench"))
    seconds.append(time.perf_counter() - begun)
    assert delivering.facts["dead"] == 0
print(json.dumps({"seconds": seconds, **delivering.facts}))
