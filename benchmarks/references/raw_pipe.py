"""The same bytes through a bare pipe: COUNT writes of SIZE in a child, read here as they come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

CHILD = """
import os, sys
count, size = int(sys.argv[1]), int(sys.argv[2])
content = b"x" * (size - 16)
for number in range(count):
    data = memoryview(b"%016d" % number + content)
    while data:
        data = data[os.write(1, data):]
"""


def main(count: str, size: str) -> None:
    """Print bytes and seconds as JSON."""
    argv = [sys.executable, "-c", CHILD, count, size]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, bufsize=0) as child:
        assert child.stdout is not None
        fd = child.stdout.fileno()
        first = os.read(fd, 1)  # the child has started
        begun = time.perf_counter()
        total = len(first) + _drain(fd, int(size))
        seconds = time.perf_counter() - begun
    assert total == int(count) * int(size)
    print(json.dumps({"bytes": total, "seconds": seconds}))


def _drain(fd: int, size: int) -> int:
    buffer = bytearray(size)
    total = 0
    while count := os.readv(fd, [buffer]):
        total += count
    return total


if __name__ == "__main__":
    main(*sys.argv[1:])
