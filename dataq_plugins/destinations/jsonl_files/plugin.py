"""The destination: a delivery is a file of JSON lines."""

from dataq_plugins.destinations._files.files import Files
from dataq_plugins.destinations._files.settings import Settings


class JsonlFiles(Files):
    """Writes rows as JSON lines into a folder or a bucket, a file a delivery."""

    id = "jsonl_files"
    name = "JSONL files"
    version = "1"
    config_type = Settings
    rows = "json"
    suffix = "jsonl"

    def content(self, rows: bytes) -> bytes:
        """The lines, each with its end."""
        return rows + b"\n"
