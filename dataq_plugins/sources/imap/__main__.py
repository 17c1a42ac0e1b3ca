"""Runs the source as a plugin process: `python -m dataq_plugins.sources.imap`."""

from dataq_plugins.sdk import serve
from dataq_plugins.sources.imap.plugin import Imap

if __name__ == "__main__":
    serve(Imap)
