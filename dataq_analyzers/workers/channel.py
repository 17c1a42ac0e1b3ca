"""Frames of any size between a pool and its worker, without either waiting for the other.

A frame is a file in memory whose descriptor goes over a socket: the sender is done once it is
written, however large it is and however busy the other side. Linux only (memfd, SCM_RIGHTS).
"""

from __future__ import annotations

import os
import pickle
import socket
from typing import Any


def send(channel: socket.socket, value: object) -> int:
    """The bytes of the frame that carries `value`; raises what pickle and the socket raise."""
    frame = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    descriptor = os.memfd_create("dataq-frame", os.MFD_CLOEXEC)
    try:
        rest = memoryview(frame)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        socket.send_fds(channel, [b"f"], [descriptor])
    finally:
        os.close(descriptor)
    return len(frame)


def receive(channel: socket.socket) -> tuple[Any, int]:
    """The next value and the bytes of its frame; raises EOFError once the other side is gone."""
    try:
        message, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
    except ConnectionError as error:
        raise EOFError from error
    if not message or not descriptors:
        raise EOFError
    with os.fdopen(descriptors[0], "rb", buffering=0) as file:
        frame = file.readall()
    # Only ever from our own child or parent, never from disk.
    return pickle.loads(frame or b""), len(frame or b"")  # noqa: S301


def open_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a new channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
