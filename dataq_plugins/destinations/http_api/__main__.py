"""Runs the destination as a plugin process: `python -m dataq_plugins.destinations.http_api`."""

from dataq_plugins.destinations.http_api.plugin import HttpApi
from dataq_plugins.sdk import serve

if __name__ == "__main__":
    serve(HttpApi)
