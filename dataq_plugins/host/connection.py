"""Messages to and from one child process, every wait and every size bounded."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from google.protobuf.message import DecodeError, Message

from dataq_plugins.errors import (
    LimitExceeded,
    PluginCancelled,
    PluginCrashed,
    PluginError,
    PluginSilent,
    PluginTimedOut,
    ProtocolViolated,
)
from dataq_plugins.host.bulk import Bulk, split
from dataq_plugins.host.child import Child, explain
from dataq_plugins.host.frames import BadFrame, FrameReader, FrameTooLong, TornFrame
from dataq_plugins.host.logs import LogForwarder, OnLog
from dataq_plugins.host.spec import Limits
from dataq_plugins.protocol.framing import frame, keep_freed_memory
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

Received = tuple[pb.PluginResponse, Bulk | None]
"""A message, and its big content, if it has any, valid until the next one is received."""


class Connection:
    """One running plugin. Errors carry only the reason: the caller knows source and operation."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        limits: Limits,
        on_log: OnLog,
        redact: Callable[[str], str],
    ) -> None:
        keep_freed_memory()
        self._limits = limits
        self._failure: PluginError | None = None
        self._cancelled = False
        self._silent_at = self._late_at = 0.0
        self.begin()
        try:
            self._child = Child(argv, environment, limits.memory_bytes)
        except OSError as error:
            raise PluginCrashed(f"could not be started: {error.strerror}") from None
        for descriptor in (self._child.stdin, self._child.stdout):
            os.set_blocking(descriptor, False)
        self._readable = select.poll()
        self._readable.register(self._child.stdout, select.POLLIN)
        self._reader = FrameReader(self._child.stdout, limits.frame_bytes, self._wait_readable)
        stderr = self._child.give_stderr()
        self._log = LogForwarder(stderr, limits.stderr_bytes, on_log, redact, self._too_much_log)

    def limit(self, limits: Limits) -> None:
        """Bound what follows by these; memory and log text stay as they were."""
        self._limits = limits

    def begin(self) -> None:
        """Start the clock of a new operation."""
        self._late_at = time.monotonic() + self._limits.run_seconds

    def send(self, request: Message) -> None:
        """Write a request; raises PluginSilent if the plugin does not read it."""
        data = memoryview(frame(request))
        writable = select.poll()
        writable.register(self._child.stdin, select.POLLOUT)
        self._silent_at = time.monotonic() + self._limits.silence_seconds
        while data:
            self._wait(writable, "did not read its request")
            try:
                data = data[os.write(self._child.stdin, data) :]
            except BrokenPipeError:
                raise self.ended() from None

    def write(self, data: bytes) -> None:
        """Write bytes as they are, as far as they fit: for tests of how a plugin reads."""
        self._child.write(data)

    def has_ended(self) -> bool:
        """Return whether the plugin has ended by itself, or does within the grace."""
        return self._child.wait(self._limits.grace_seconds) is not None

    def finish_requests(self) -> None:
        """Close the plugin's input."""
        self._child.close_stdin()

    def receive(self) -> Received | None:
        """Return the next message, or None when the plugin closed its output between messages."""
        self._silent_at = time.monotonic() + self._limits.silence_seconds
        try:
            data = self._reader.read()
        except BadFrame as error:
            raise self._blame(error) from None
        if self._cancelled or self._failure:
            raise self.ended()
        self._expect_in_time()
        if data is None:
            return None
        try:
            bulk = split(data)
            return (bulk.rest, bulk) if bulk else (_parse(data), None)
        except DecodeError:
            raise ProtocolViolated(
                f"sent {len(data):,} bytes that are no valid message (does it print to standard "
                f"output, or text that is not UTF-8?): {bytes(data[:24])!r}"
            ) from None

    def ended(self) -> PluginError:
        """Return the error for an output that ended before the answer was complete."""
        verdict = self._child.wait(self._limits.grace_seconds)
        if self._failure:
            return self._failure
        if self._cancelled:
            return PluginCancelled("was cancelled")
        if verdict is None or verdict == "exit 0":
            return ProtocolViolated("closed its output before its answer was complete")
        if verdict.startswith("memory"):
            limit = self._limits.memory_bytes
            return LimitExceeded(f"used more than {limit:,} bytes of memory (memory_bytes)")
        self._log.join(1)
        said = f": {self._log.last_line}" if self._log.last_line else ""
        return PluginCrashed(explain(verdict) + said)

    def exit_error(self) -> PluginError | None:
        """Wait for the plugin's end; return why it was no good one, or None after exit code 0."""
        verdict = self._child.wait(self._limits.grace_seconds)
        return None if verdict == "exit 0" and not self._failure else self.ended()

    def _blame(self, error: BadFrame) -> PluginError:
        """A torn message is its crash, if the plugin crashed."""
        if self._failure or self._cancelled:
            return self.ended()
        if isinstance(error, TornFrame) and self._child.wait(0.2) not in (None, "exit 0"):
            return self.ended()
        if isinstance(error, FrameTooLong):
            return ProtocolViolated(f"{error} (frame_bytes)")
        return ProtocolViolated(str(error))

    def _too_much_log(self) -> None:
        self._failure = LimitExceeded(
            f"wrote more than {self._limits.stderr_bytes:,} bytes to standard error (stderr_bytes)"
        )
        self._child.kill()

    def _wait_readable(self) -> None:
        self._wait(self._readable, "sent no message")

    def _wait(self, poll: select.poll, silence: str) -> None:
        until = min(self._silent_at, self._late_at)
        if not poll.poll(max(0, until - time.monotonic()) * 1000):
            self._expect_in_time()
            reason = f"{silence} for {self._limits.silence_seconds:g} s (silence_seconds)"
            if self._reader.in_message:
                reason += f"; the last one is not all there (does it print?), {self._reader.head()}"
            raise PluginSilent(reason)

    def _expect_in_time(self) -> None:
        if time.monotonic() >= self._late_at:
            raise PluginTimedOut(f"took over {self._limits.run_seconds:g} s (run_seconds)")

    def cancel(self) -> None:
        """Ask the plugin to end; from any thread. It is killed if it does not within the grace."""
        self._cancelled = True
        self._child.write(frame(pb.PluginRequest(operation="cancel")))
        threading.Thread(target=self._end_softly, name="plugin-cancel", daemon=True).start()

    def _end_softly(self) -> None:
        self._child.close_stdin()
        half = self._limits.grace_seconds / 2
        if self._child.wait(half) is None:
            self._child.terminate()
            if self._child.wait(half) is None:
                self._child.kill()

    def close(self, *, kill: bool = False) -> None:
        """End the plugin, at once or after giving it the grace, and everything it started."""
        if not kill:
            self._end_softly()
        self._child.close()
        self._log.join(1)


def _parse(data: memoryview) -> pb.PluginResponse:
    return pb.PluginResponse.FromString(data)  # type: ignore[arg-type]
