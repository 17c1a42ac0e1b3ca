"""What stands between the source and a good server: a line that breaks, a server that lies."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Reply = Callable[[bytes], bytes | None]
GREETING = b"* OK ready\r\n"
USUAL = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
    b"LIST": b'* LIST () "/" INBOX\r\n',
    b"STATUS": b"* STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7)\r\n",
    b"EXAMINE": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n* OK [UIDNEXT 3] fine\r\n",
}
FACTS = b"".join(
    b'* %d FETCH (UID %d FLAGS () INTERNALDATE "19-May-2026 08:30:00 +0000" RFC822.SIZE 3)\r\n'
    % (uid, uid)
    for uid in (1, 2)
)


@contextmanager
def relayed(port: int, most: int, *, reset: bool) -> Iterator[int]:
    """A port that leads to another until it has sent `most` bytes; then it is reset, or silent."""
    ended = threading.Event()

    def serve(peer: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as far, peer:
            left = most
            while left and not ended.is_set():
                for each in select.select([far, peer], [], [], 5)[0]:
                    data = each.recv(min(left, 65_536) if each is far else 65_536)
                    if not data:
                        return
                    (peer if each is far else far).sendall(data)
                    left -= len(data) if each is far else 0
            if reset:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                ended.wait(20)

    with _listening(serve) as own:
        yield own
        ended.set()


@contextmanager
def scripted(replies: dict[bytes, bytes | Reply], greeting: bytes = GREETING) -> Iterator[int]:
    """A server that answers a command with what stands by its first words, then OK.

    A reply that is a function gets the whole line; what it returns ends without OK if it is
    followed by nothing. `None` closes the connection.
    """
    known = {**USUAL, **replies}

    def serve(peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as lines, suppress(OSError):
            peer.sendall(greeting)
            for line in lines:
                tag, _, command = line.strip().partition(b" ")
                found = next((known[name] for name in known if command.startswith(name)), b"")
                told = found(command) if callable(found) else found
                if told is None:
                    return
                done = b"" if b"TAG " in told else tag + b" OK done\r\n"
                peer.sendall(told.replace(b"TAG ", tag + b" ") + done)

    with _listening(serve) as own:
        yield own


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    peer, _ = server.accept()
                    threading.Thread(target=_quietly, args=(serve, peer), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def _quietly(serve: Callable[[socket.socket], None], peer: socket.socket) -> None:
    with suppress(OSError):
        serve(peer)
