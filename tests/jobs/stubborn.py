"""The process of a task that does not end when asked: stubborn.py HOME TASK SIGNAL, and more.

It ignores these signals, so does a process that it has started, whose id it writes to its log.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

from dataq_resources.home import Home
from dataq_resources.jobs.store import JobStore
from dataq_resources.processes import this_process

if __name__ == "__main__":
    _, home, task, *ignored = sys.argv
    for name in ignored:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"])
    with JobStore(Home(Path(home))) as store:
        store.log(task, str(child.pid))
        if not store.claim(task, this_process()):
            sys.exit(3)
    while True:
        time.sleep(60)
