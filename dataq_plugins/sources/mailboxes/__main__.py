"""Runs the source as a plugin process: `python -m dataq_plugins.sources.mailboxes`."""

from dataq_plugins.sdk import serve
from dataq_plugins.sources.mailboxes.plugin import Mailboxes

if __name__ == "__main__":
    serve(Mailboxes)
