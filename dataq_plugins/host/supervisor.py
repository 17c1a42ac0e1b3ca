"""Stands between the host and one plugin so that no process of the plugin outlives either.

Run as a script in an interpreter of its own. It adopts every orphan below it (child
subreaper), ends the whole tree when the host goes away, when it is told to, when the tree
uses too much memory or when the plugin itself ends, and reports how the plugin ended.

Control pipe: b"T" asks the plugin to end (SIGTERM), b"K" or the end of the pipe kills the tree.
Status pipe: one line, "exit N", "signal N", "memory BYTES" or "start ERRNO".
"""

# Every start of a plugin pays for these imports: no signal (enum), no pathlib, no contextlib.
import ctypes
import os
import select
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGTERM, SIGXFSZ = 1, 2, 9, 13, 15, 25
DEFAULT, IGNORE = ctypes.c_void_p(0), ctypes.c_void_p(1)
LIBC = ctypes.CDLL(None, use_errno=True)
TICK_MS = 100
PAGE = os.sysconf("SC_PAGESIZE")


def main(argv: list[str]) -> None:
    """Start argv[4:] and stay until nothing of it is left."""
    control, status, host, memory = (int(word) for word in argv[:4])
    for descriptor in (control, status):
        os.set_inheritable(descriptor, False)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    host_gone = watch(host)
    plugin = start(argv[4:], status)
    if plugin:
        for descriptor in (0, 1, 2):
            os.close(descriptor)
        handle((SIGHUP, SIGINT, SIGTERM), IGNORE)
        verdict = supervise(plugin, control, host_gone, host, memory)
        kill_tree()
        report(status, verdict)
    os._exit(0)


def prctl(option: int, value: int) -> None:
    """Set a property of this process (prctl(2)); raises OSError."""
    if LIBC.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def handle(signals: tuple[int, ...], how: ctypes.c_void_p) -> None:
    """Set what signals do to this process."""
    for number in signals:
        LIBC.signal(number, how)


def watch(pid: int) -> int:
    """Return a descriptor that becomes readable when a process ends, or -1 where there is none."""
    try:
        return os.pidfd_open(pid)
    except OSError:  # a sandbox: the tick notices instead
        return -1


def start(argv: list[str], status: int) -> int:
    """Return the process id of the started plugin, or 0 after reporting why it did not start."""
    failed_read, failed_write = os.pipe()
    parent = os.getpid()
    plugin = os.fork()
    if not plugin:
        try:
            become(argv, parent)
        except OSError as error:
            os.write(failed_write, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(failed_write)
    errno = os.read(failed_read, 16)
    os.close(failed_read)
    if not errno:
        return plugin
    os.waitpid(plugin, 0)
    report(status, f"start {errno.decode()}")
    return 0


def become(argv: list[str], parent: int) -> None:
    """Turn this process into the plugin: its own session, dying with the supervisor."""
    os.setsid()
    prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != parent:
        os._exit(127)
    # Python ignores these two, and what is ignored stays ignored in the plugin.
    handle((SIGPIPE, SIGXFSZ), DEFAULT)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold secrets
    os.execvp(argv[0], argv)  # noqa: S606 (never a shell, that is the point)


def supervise(plugin: int, control: int, host_gone: int, host: int, memory: int) -> str:
    """Return how the plugin ended; the tree may still have processes in it."""
    poll = select.poll()
    for descriptor in (control, host_gone, watch(plugin)):
        if descriptor >= 0:
            poll.register(descriptor, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll(TICK_MS)}
        verdict = reap(plugin)
        if verdict:
            return verdict
        if host_gone in ready or os.getppid() != host:
            return f"signal {SIGKILL}"
        if control in ready:
            order = os.read(control, 64)
            if order == b"" or b"K" in order:
                return f"signal {SIGKILL}"
            signal_all(descendants(), SIGTERM)
        if memory and tree_memory() > memory:
            return f"memory {memory}"


def reap(plugin: int) -> str:
    """Collect what has ended below us; return how the plugin ended, or '' while it runs."""
    verdict = ""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return verdict
        if pid == 0:
            return verdict
        if pid == plugin:
            code = os.waitstatus_to_exitcode(status)
            verdict = f"exit {code}" if code >= 0 else f"signal {-code}"


def descendants() -> list[int]:
    """Return every process below this one; orphans are, because we adopt them."""
    lists_children = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # noqa: PTH110
    below = children if lists_children else children_by_stat
    found: list[int] = []
    queue = [os.getpid()]
    while queue:
        more = below(queue.pop())
        found += more
        queue += more
    return found


def children(pid: int) -> list[int]:
    """Return the processes started by any thread of a process, or adopted by it."""
    out: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb", buffering=0) as file:
                out += map(int, file.read().split())
    except OSError:
        pass  # it ended while we looked
    return out


def children_by_stat(pid: int) -> list[int]:
    """Return the same, slowly, where the kernel was built without that list."""
    out: list[int] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb", buffering=0) as file:
                if int(file.read().rpartition(b")")[2].split()[1]) == pid:
                    out.append(int(name))
        except OSError:
            continue
    return out


def tree_memory() -> int:
    """Return the resident bytes of all processes below this one."""
    total = 0
    for pid in descendants():
        try:
            with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
                total += int(file.read().split()[1]) * PAGE
        except (OSError, IndexError):
            continue
    return total


def signal_all(pids: list[int], number: int) -> None:
    """Send a signal to each process that still is there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue


def kill_tree() -> None:
    """Kill until no child is left: orphans come to us, so none can slip away."""
    while True:
        signal_all(descendants(), SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def report(status: int, verdict: str) -> None:
    """Tell the host how it ended."""
    try:  # noqa: SIM105 (contextlib costs a millisecond)
        os.write(status, verdict.encode() + b"\n")
    except OSError:
        pass  # the host is gone


if __name__ == "__main__":
    main(sys.argv[1:])
