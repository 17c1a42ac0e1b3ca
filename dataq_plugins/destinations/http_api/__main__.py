"""Runs the destination as a plugin process: `python -m dataq_plugins.destinations.http_api`."""

import threading
from importlib import import_module

from dataq_plugins.destinations.http_api.plugin import HttpApi
from dataq_plugins.sdk import serve

if __name__ == "__main__":
    # While the host reads what this plugin is: the client takes as long to load as all the rest.
    client = "dataq_plugins.destinations.http_api.client"
    threading.Thread(target=import_module, args=(client,), daemon=True).start()
    serve(HttpApi)
