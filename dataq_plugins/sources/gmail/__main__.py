"""Runs the source as a plugin process: `python -m dataq_plugins.sources.gmail`."""

from dataq_plugins.sdk import serve
from dataq_plugins.sources.gmail.plugin import Gmail

if __name__ == "__main__":
    serve(Gmail)
