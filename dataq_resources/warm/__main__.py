"""Starts the server of a home: returns once it listens, and whoever comes then waits for it."""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import socket
import sys
from pathlib import Path

from dataq_resources.home import home_from_environment
from dataq_resources.processes import this_process
from dataq_resources.warm.loaded import Loaded
from dataq_resources.warm.place import LOG, address, place_of
from dataq_resources.warm.rehearsal import rehearse
from dataq_resources.warm.server import Server
from dataq_resources.warm.tasks import MODULES, TASKS

BACKLOG = 64
HARMLESS = {"polars-ooc-clea"}
"""Threads that hold nothing while they wait, so that a child does not miss them."""


def main() -> int:
    """Listen, leave that to a process of its own, load all, and serve."""
    home = home_from_environment()
    folder = place_of(home)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0  # another one serves, or is about to
    file = folder / "socket"
    file.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with address(folder) as path:
        listening.bind(path)
    listening.listen(BACKLOG)
    if os.fork():
        os._exit(0)  # the lock and the socket are the other one's now
    os.setsid()
    os.ftruncate(lock, 0)
    os.pwrite(lock, this_process().encode(), 0)
    _write_to(folder / LOG)
    server = Server(listening, lock, file)
    child = None
    try:
        loaded = _load(home.path)
        child = server.serve(loaded)
    finally:
        server.close(in_child=child is not None)
    return child.run() if child else 0


def _load(home: Path) -> Loaded:
    for name in (*MODULES, *(task.partition(":")[0] for task in TASKS.values())):
        importlib.import_module(name)
    rehearse()
    threads = {_name(each) for each in os.listdir("/proc/self/task")}
    mine = _name(str(os.getpid()))
    if others := threads - HARMLESS - {mine}:
        raise SystemExit(f"threads that a fork would cut off: {', '.join(sorted(others))}")
    # What is loaded stays: to look through it for garbage would copy it into every child.
    gc.collect()
    gc.freeze()
    return Loaded(home)


def _name(thread: str) -> str:
    return Path(f"/proc/self/task/{thread}/comm").read_text().strip()


def _write_to(log: Path) -> None:
    """Let nothing of whoever has started it stay open."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number, each in enumerate((nowhere, said, said)):
        os.dup2(each, number)
    os.close(nowhere)
    os.close(said)


if __name__ == "__main__":
    sys.exit(main())
