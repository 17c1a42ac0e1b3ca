"""Runs it as a plugin process: `python -m dataq_plugins.destinations.jsonl_files`."""

from dataq_plugins.destinations.jsonl_files.plugin import JsonlFiles
from dataq_plugins.sdk import serve

if __name__ == "__main__":
    serve(JsonlFiles)
