"""A plugin that describes itself well and then does everything wrong, one thing by setting.

It writes the protocol by hand, so that nothing stands between it and the harm it does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from dataq_plugins.protocol.framing import decode_varint, encode_varint, frame
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

FOREVER = 3600


def send(**fields: object) -> None:
    os.write(1, frame(pb.PluginResponse(plugin_id="hostile", **fields)))  # type: ignore[arg-type]


def item(source_id: str, data: bytes = b"data", plugin_id: str = "hostile") -> pb.DataItem:
    return pb.DataItem(plugin_id=plugin_id, source_id=source_id, raw_data=data, timestamp=1)


def requests() -> object:
    data = b""
    while piece := os.read(0, 1 << 16):
        data += piece
        while True:
            length, start = decode_varint(data, 0, len(data))
            if length < 0 or start + length > len(data):
                break
            yield pb.PluginRequest.FromString(data[start : start + length])
            data = data[start + length :]


class Hostile:
    """Each method is one way to misbehave during an extraction; `first` has been sent before."""

    def __init__(self, request: pb.PluginRequest) -> None:
        self.id = request.request_id
        self.config = request.config

    def crash(self) -> None:
        print("ERROR: the disk is on fire", file=sys.stderr, flush=True)
        os._exit(3)

    def abort(self) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    def leave(self) -> None:
        os._exit(0)

    def hang(self) -> None:
        time.sleep(FOREVER)

    def stubborn(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(FOREVER)

    def chatter(self) -> None:
        while True:
            print("still here", file=sys.stderr, flush=True)
            time.sleep(0.01)

    def endless(self) -> None:
        number = 0
        while True:
            send(request_id=self.id, items=[item(f"e{number}")])
            number += 1

    def truncated(self) -> None:
        os.write(1, encode_varint(500) + b"only this")
        os._exit(0)

    def truncated_length(self) -> None:
        os.write(1, b"\x80")
        os._exit(0)

    def huge_length(self) -> None:
        os.write(1, encode_varint(2 << 30) + b"x" * 100)
        time.sleep(FOREVER)

    def long_varint(self) -> None:
        os.write(1, b"\xff" * 20)
        time.sleep(FOREVER)

    def garbage(self) -> None:
        body = bytes(range(255, 55, -1))
        os.write(1, encode_varint(len(body)) + body)

    def stray_print(self) -> None:
        os.write(1, b"Hello, I am a plugin!\n")
        send(request_id=self.id, done=True)

    def stderr_flood(self) -> None:
        line = b"x" * 99 + b"\n"
        while True:
            os.write(2, line * 100)

    def stderr_line(self) -> None:
        while True:
            os.write(2, b"x" * 65536)

    def wrong_plugin(self) -> None:
        send(request_id=self.id, items=[item("other", plugin_id="somebody")])

    def wrong_request(self) -> None:
        send(request_id=self.id + 7, items=[item("other")])

    def invalid_utf8(self) -> None:
        bad = item("bad-AAAA").SerializeToString().replace(b"AAAA", b"\xff\xfe\xfd\xfc")
        body = b"\x12" + encode_varint(len(bad)) + bad
        os.write(1, encode_varint(len(body)) + body)

    def empty_id(self) -> None:
        send(request_id=self.id, items=[item("")])

    def long_id(self) -> None:
        send(request_id=self.id, items=[item("x" * 10_000)])

    def huge_item(self) -> None:
        send(request_id=self.id, items=[item("huge", b"x" * 200_000)])

    def endless_item(self) -> None:
        head, offset, data = item("endless", b""), 0, b"x" * 50_000
        while True:
            send(
                request_id=self.id,
                chunk=pb.Chunk(item=head, source_id="endless", offset=offset, data=data)
                if not offset
                else pb.Chunk(source_id="endless", offset=offset, data=data),
            )
            offset += len(data)

    def chunk_gap(self) -> None:
        head = item("gap", b"")
        send(request_id=self.id, chunk=pb.Chunk(item=head, source_id="gap", data=b"abc"))
        send(request_id=self.id, chunk=pb.Chunk(source_id="gap", offset=4, data=b"d", last=True))

    def chunk_orphan(self) -> None:
        send(request_id=self.id, chunk=pb.Chunk(source_id="orphan", offset=9, data=b"x"))

    def chunk_unfinished(self) -> None:
        head = item("half", b"")
        send(request_id=self.id, chunk=pb.Chunk(item=head, source_id="half", data=b"abc"))
        send(request_id=self.id, done=True)

    def chunk_interrupted(self) -> None:
        head = item("half", b"")
        send(request_id=self.id, chunk=pb.Chunk(item=head, source_id="half", data=b"abc"))
        send(request_id=self.id, items=[item("between")])

    def columns_short(self) -> None:
        send(
            request_id=self.id,
            columns=pb.ItemColumns(source_id=["a", "b"], raw_data=[b"1"], timestamp=[1, 2]),
        )

    def columns_empty(self) -> None:
        send(request_id=self.id, columns=pb.ItemColumns(metadata=[pb.MetadataColumn(name="x")]))

    def columns_metadata_short(self) -> None:
        self.columns_with([pb.MetadataColumn(name="x", value=["1", "2"])])

    def columns_metadata_twice(self) -> None:
        self.columns_with([pb.MetadataColumn(name="x", value=["1"]) for _ in range(2)])

    def columns_with(self, metadata: list[pb.MetadataColumn]) -> None:
        ids, contents = ["a", "b", "c"], [b"1", b"2", b"3"]
        columns = pb.ItemColumns(source_id=ids, raw_data=contents, metadata=metadata)
        columns.content_type.append("text/plain")
        send(request_id=self.id, columns=columns)

    def unknown_op(self) -> None:
        bad = item("op")
        bad.MergeFromString(b"\x40\x63")  # op = 99
        send(request_id=self.id, items=[bad])

    def duplicate_ids(self) -> None:
        send(request_id=self.id, items=[item("twin"), item("twin")])
        send(request_id=self.id, done=True)

    def memory(self) -> None:
        hoard = [bytes(1) for _ in range(1)]
        for _ in range(500):
            hoard.append(bytearray(b"x" * (4 << 20)))
            time.sleep(0.002)
        time.sleep(FOREVER)

    def child_memory(self) -> None:
        subprocess.Popen(
            [sys.executable, "-c", "x = bytearray(b'x' * (300 << 20)); import time; time.sleep(99)"]
        )
        time.sleep(FOREVER)

    def closes_output(self) -> None:
        os.close(1)
        time.sleep(FOREVER)

    def double_fork(self) -> None:
        """A daemon of the old school: two forks, a session of its own, all pipes let go."""
        self._daemon()
        send(request_id=self.id, done=True)

    def double_fork_crash(self) -> None:
        self._daemon()
        os._exit(1)

    def double_fork_hang(self) -> None:
        self._daemon()
        send(request_id=self.id, items=[item("after")])
        time.sleep(FOREVER)

    def children(self) -> None:
        for _ in range(10):
            subprocess.Popen(["sleep", str(FOREVER)], start_new_session=True)
        send(request_id=self.id, done=True)

    def kill_supervisor(self) -> None:
        self._daemon()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(FOREVER)

    def _daemon(self) -> None:
        read, write = os.pipe()
        if not os.fork():
            os.setsid()
            if os.fork():
                os._exit(0)
            for descriptor in (0, 1, 2, read):
                os.close(descriptor)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.write(write, b"x")
            os.close(write)
            time.sleep(FOREVER)
        os.wait()
        os.close(write)
        os.read(read, 1)  # the daemon is there now


def main() -> None:
    for request in requests():
        if request.operation == "describe":
            description = pb.Plugin(
                id="hostile", version="1", capabilities=["describe", "configure", "extract"]
            )
            send(request_id=request.request_id, description=description, done=True)
        elif request.operation == "extract":
            send(request_id=request.request_id, items=[item("first")])
            getattr(Hostile(request), request.config["mode"])()
        else:
            send(request_id=request.request_id, done=True)


if __name__ == "__main__":
    main()
