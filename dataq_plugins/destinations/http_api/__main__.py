"""Runs the destination as a plugin process: `python -m dataq_plugins.destinations.http_api`."""

import os
import sys

from dataq_plugins.destinations.http_api.plugin import HttpApi
from dataq_plugins.sdk import serve

if __name__ == "__main__":
    serve(HttpApi)
    sys.stderr.flush()
    os._exit(0)  # it holds nothing that has to be tidied up, which would take 30 ms
