"""Stands between the host and one plugin so that no process of the plugin outlives either.

Run as a script in an interpreter of its own. It adopts every orphan below it (child
subreaper), ends the whole tree when the host goes away, when it is told to, when the tree
uses too much memory or when the plugin itself ends, and reports how the plugin ended.

Control pipe: b"T" asks the plugin to end (SIGTERM), b"K" or the end of the pipe kills the tree.
Status pipe: one line, "exit N", "signal N", "memory BYTES" or "start ERRNO".
"""

# Kept to modules that load in a few milliseconds: every start of a plugin pays for them.
import ctypes
import os
import select
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGTERM, SIGXFSZ = 1, 2, 9, 13, 15, 25
TICK_MS = 100
PAGE = os.sysconf("SC_PAGESIZE")
KERNEL_LISTS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def main(argv: list[str]) -> None:
    control, status, host, memory = (int(word) for word in argv[:4])
    for descriptor in (control, status):
        os.set_inheritable(descriptor, False)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    host_gone = watch(host)
    plugin = start(argv[4:], status)
    if plugin:
        for descriptor in (0, 1, 2):
            os.close(descriptor)
        ignore_terminal()
        verdict = supervise(plugin, control, host_gone, host, memory)
        kill_tree(plugin)
        report(status, verdict)
    os._exit(0)


def prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def watch(host: int) -> int:
    """Return a descriptor that becomes readable when the host's process ends, or -1."""
    try:
        descriptor = os.pidfd_open(host)
    except (OSError, AttributeError):  # an old kernel or a sandbox: getppid() is asked instead
        return -1
    return descriptor


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
    import _signal

    for number in (SIGPIPE, SIGXFSZ):
        _signal.signal(number, _signal.SIG_DFL)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.execvp(argv[0], argv)


def ignore_terminal() -> None:
    import _signal

    for number in (SIGHUP, SIGINT, SIGTERM):
        _signal.signal(number, _signal.SIG_IGN)


def supervise(plugin: int, control: int, host_gone: int, host: int, memory: int) -> str:
    """Return how the plugin ended; the tree may still have processes in it."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    if host_gone >= 0:
        poll.register(host_gone, select.POLLIN)
    ended = os.pidfd_open(plugin) if host_gone >= 0 else -1
    if ended >= 0:
        poll.register(ended, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll(TICK_MS)}
        verdict = reap(plugin)
        if verdict:
            return verdict
        if host_gone in ready or os.getppid() != host:
            return "signal 9"
        if control in ready:
            order = os.read(control, 64)
            if order == b"" or b"K" in order:
                return "signal 9"
            signal_tree(plugin, SIGTERM)
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
    found: list[int] = []
    queue = [os.getpid()]
    while queue:
        pid = queue.pop()
        below = children(pid)
        found += below
        queue += below
    return found


def children(pid: int) -> list[int]:
    if not KERNEL_LISTS_CHILDREN:
        return [child for child, parent in parents() if parent == pid]
    out: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb", buffering=0) as file:
                out += map(int, file.read().split())
    except OSError:
        pass  # it ended while we looked
    return out


def parents() -> list[tuple[int, int]]:
    """Return (process, parent) of every process: the slow way of kernels without `children`."""
    out: list[tuple[int, int]] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb", buffering=0) as file:
                out.append((int(name), int(file.read().rpartition(b")")[2].split()[1])))
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


def signal_tree(plugin: int, number: int) -> None:
    for pid in {plugin, *descendants()}:
        try:
            os.kill(pid, number)
        except OSError:
            continue


def kill_tree(plugin: int) -> None:
    """Kill until no child is left: orphans come to us, so none can slip away."""
    while True:
        for pid in descendants():
            try:
                os.kill(pid, SIGKILL)
            except OSError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def report(status: int, verdict: str) -> None:
    try:
        os.write(status, verdict.encode() + b"\n")
    except OSError:
        pass  # the host is gone


if __name__ == "__main__":
    main(sys.argv[1:])
