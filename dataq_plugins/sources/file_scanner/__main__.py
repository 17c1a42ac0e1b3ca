"""Runs the source as a plugin process: `python -m dataq_plugins.sources.file_scanner`."""

from dataq_plugins.sdk import serve
from dataq_plugins.sources.file_scanner.plugin import FileScanner

if __name__ == "__main__":
    serve(FileScanner)
