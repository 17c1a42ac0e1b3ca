"""The destination: a delivery is a Parquet file."""

from dataq_plugins.destinations._files.files import Files
from dataq_plugins.destinations._files.settings import Settings


class ParquetFiles(Files):
    """Writes rows as Parquet into a folder or a bucket, a file a delivery."""

    id = "parquet_files"
    name = "Parquet files"
    version = "1"
    config_type = Settings
    rows = "arrow"
    suffix = "parquet"

    def content(self, rows: bytes) -> bytes:
        """The same bytes for the same rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        out = pa.BufferOutputStream()
        with pa.ipc.open_stream(rows) as stream:
            pq.write_table(stream.read_all(), out, compression="zstd")
        return bytes(out.getvalue())
