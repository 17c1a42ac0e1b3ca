"""Posts every file of a folder with httpx, over one connection: post_bodies.py FOLDER URL.

Prints the seconds of the loop alone, and of all that follows the start of Python.
"""

import time

BEGUN = time.perf_counter()

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import httpx  # noqa: E402

_, FOLDER, URL = sys.argv
bodies = [(path.name, path.read_bytes()) for path in sorted(Path(FOLDER).iterdir())]
loop = time.perf_counter()
with httpx.Client() as client:
    for name, body in bodies:
        headers = {"content-type": "application/json", "idempotency-key": name}
        client.post(URL, content=body, headers=headers).raise_for_status()
end = time.perf_counter()
print(json.dumps({"loop": end - loop, "whole": end - BEGUN}))
