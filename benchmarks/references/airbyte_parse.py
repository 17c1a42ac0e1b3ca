"""Parses what airbyte_emit.py writes into airbyte-cdk's messages, and prints how many."""

from __future__ import annotations

import sys
import time

import orjson
from airbyte_cdk.models import AirbyteMessageSerializer, Type
from records import SIZE, tell


def main() -> None:
    """Read to the end; the clock starts with the first line."""
    count = 0
    begun = None
    for line in sys.stdin.buffer:
        begun = time.process_time() if begun is None else begun
        message = AirbyteMessageSerializer.load(orjson.loads(line))
        if message.type == Type.RECORD and len(message.record.data["content"]) == SIZE:
            count += 1
    tell("parse", begun or 0)
    print(count)


if __name__ == "__main__":
    main()
