"""Emits the records with singer-sdk: "lean" by its messages alone, or as a whole tap ("source")."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from records import records


def lean(count: int) -> None:
    """Build each message and write it, with nothing around."""
    from singer_sdk.singerlib import RecordMessage
    from singer_sdk.singerlib.encoding import SimpleSingerWriter

    writer = SimpleSingerWriter()
    for data in records(count):
        writer.write_message(RecordMessage(stream="items", record=data))


def source(count: int) -> None:
    """Sync a tap with one stream, as a connector does."""
    from singer_sdk import Stream, Tap
    from singer_sdk import typing as th

    class Items(Stream):
        name = "items"
        primary_keys = ("id",)
        schema = th.PropertiesList(
            th.Property("id", th.StringType),
            th.Property("content", th.StringType),
            th.Property("timestamp", th.IntegerType),
            th.Property("content_type", th.StringType),
            th.Property("metadata", th.ObjectType(additional_properties=True)),
        ).to_dict()

        def get_records(self, _context: Any) -> Iterator[dict[str, Any]]:
            yield from records(count)

    class Items1(Tap):
        name = "tap-items"
        config_jsonschema = th.PropertiesList().to_dict()

        def discover_streams(self) -> list[Stream]:
            return [Items(self)]

    Items1(config={}, parse_env_config=False).sync_all()


if __name__ == "__main__":
    {"lean": lean, "source": source}[sys.argv[1]](int(sys.argv[2]))
