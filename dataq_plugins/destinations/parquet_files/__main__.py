"""Runs it as a plugin process: `python -m dataq_plugins.destinations.parquet_files`."""

from dataq_plugins.destinations.parquet_files.plugin import ParquetFiles
from dataq_plugins.sdk import serve

if __name__ == "__main__":
    serve(ParquetFiles)
