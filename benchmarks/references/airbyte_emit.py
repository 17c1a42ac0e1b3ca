"""Emits the records with airbyte-cdk: "lean" by its messages alone, or as a whole "source"."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from records import records

PROPERTIES = {"type": "object", "properties": {}}


def lean(count: int) -> None:
    """Build each message and write it, with nothing around."""
    import orjson
    from airbyte_cdk.models import (
        AirbyteMessage,
        AirbyteMessageSerializer,
        AirbyteRecordMessage,
        Type,
    )

    write = sys.stdout.buffer.write
    for data in records(count):
        record = AirbyteRecordMessage(stream="items", data=data, emitted_at=1_700_000_000_000)
        message = AirbyteMessage(type=Type.RECORD, record=record)
        write(orjson.dumps(AirbyteMessageSerializer.dump(message)) + b"\n")


def source(count: int) -> None:
    """Launch a source with one stream, as a connector does."""
    from airbyte_cdk.entrypoint import launch
    from airbyte_cdk.models import ConnectorSpecification
    from airbyte_cdk.sources import AbstractSource
    from airbyte_cdk.sources.streams import Stream

    class Items(Stream):
        primary_key = "id"
        name = "items"

        def get_json_schema(self) -> dict[str, Any]:
            return PROPERTIES

        def read_records(self, *_: Any, **__: Any) -> Iterator[dict[str, Any]]:
            yield from records(count)

    class Source(AbstractSource):
        def check_connection(self, _logger: Any, _config: Any) -> tuple[bool, None]:
            return True, None

        def streams(self, _config: Any) -> list[Stream]:
            return [Items()]

        def spec(self, _logger: Any) -> ConnectorSpecification:
            return ConnectorSpecification(connectionSpecification=PROPERTIES)

    stream = {"name": "items", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    modes = {"sync_mode": "full_refresh", "destination_sync_mode": "append"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.json").write_text("{}")
        (folder / "catalog.json").write_text(json.dumps({"streams": [{"stream": stream, **modes}]}))
        catalog = str(folder / "catalog.json")
        launch(Source(), ["read", "--config", str(folder / "config.json"), "--catalog", catalog])


if __name__ == "__main__":
    {"lean": lean, "source": source}[sys.argv[1]](int(sys.argv[2]))
