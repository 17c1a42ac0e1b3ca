"""Delivers a table to a receiver, as a process that can be killed: sender.py LAKE URL [TABLE].

Items, each once; or the changes of TABLE.
"""

import sys

from dataq_assets.delivery.delivering import Delivering
from dataq_lake.lake import open_lake
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from dataq_resources.destinations import Destination, DestinationConfig

if __name__ == "__main__":
    _, lake, url, *table = sys.argv
    config = {"url": url, "allow_private": True}
    given = {"plugin": "http_api", "table": "items", "batch_rows": 10, "config": config}
    if table:
        given |= {"table": table[0], "changes": True}
    destination = Destination("crm", DestinationConfig.model_validate(given))
    Changes(Delivering(destination, open_lake(lake), "run").rounds()).commit(
        open_lake(lake), CommitInfo("run")
    )
