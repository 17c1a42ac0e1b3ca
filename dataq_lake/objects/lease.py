"""A lease: one process at a time does something to a lake in an object store.

It is an object, put where there is none, put again every few seconds, and free to be taken over
once it is older than LEASE_SECONDS by the store's own clock. A holder that could not renew it in
time, because the store was away, renews it before its next write, or is told there that another
process has it. Leases only save work that would be lost: what keeps tables whole is that each
commit is a conditional put.
"""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dataq_lake.errors import LakeError, LeaseLost
from dataq_lake.objects.refusals import patiently

if TYPE_CHECKING:
    from dataq_lake.objects.path import ObjectPath

LEASE_SECONDS = 30.0
RENEW_SECONDS = 8.0
AGAIN_SECONDS = 1.0
MARGIN_SECONDS = 5.0
LOOK_SECONDS = 0.25

_held: list[Lease] = []


class Lease:
    """The lease in one object; `take` it, `check` before writing, `release` it."""

    def __init__(self, place: ObjectPath) -> None:
        self.place = place
        self._holder = f"{os.getpid()} on {socket.gethostname()}"
        self._token = uuid.uuid4().hex
        self._count = 0
        self._e_tag = ""
        self._renewed = 0.0
        self._lost = False
        self._renewing = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, wait: bool = True) -> bool:
        """Takes the lease, whoever has it; says whether it did, where it is not to wait."""
        while not self.try_take():
            if not wait:
                return False
            time.sleep(LOOK_SECONDS * (0.5 + random.random()))  # noqa: S311 - no two look at once
        return True

    def try_take(self) -> bool:
        """Takes the lease if nobody has it, or has renewed it for LEASE_SECONDS."""
        begun = time.monotonic()
        try:
            self._e_tag = self.place.create(self._content()).e_tag
        except FileExistsError:
            if self._is_ours():  # it was put, and only the answer was lost
                self._e_tag = self.place.look().e_tag
            elif not self._take_over():
                return False
        self._renewed = begun
        _held.append(self)
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()
        return True

    def holder(self) -> str:
        """Who has it, as far as it says."""
        try:
            return str(json.loads(self.place.read_bytes())["holder"])
        except (FileNotFoundError, ValueError, KeyError):
            return "unknown"

    def check(self) -> None:
        """Raises LeaseLost if another process has taken it over, StoreSilent if none can tell."""
        if self._is_overdue():
            with self._renewing:
                if self._is_overdue():
                    patiently(self.place, self._renew)
        if self._lost:
            raise LeaseLost(
                f"{self.place.name} was held too long without a sign: another process has it "
                "and goes on in its place, so nothing more is written; run again"
            )

    def release(self) -> None:
        """Gives the lease back, if it is still this one's."""
        if self._thread is None:
            return
        _held.remove(self)
        self._ending.set()
        self._thread.join()
        if self._lost or not self._is_ours():
            return
        self.place.unlink()

    def _is_ours(self) -> bool:
        try:
            return bool(json.loads(self.place.read_bytes())["token"] == self._token)
        except (LakeError, FileNotFoundError, ValueError, KeyError):
            return False

    def _take_over(self) -> bool:
        """Whether the lease had expired and is now this one's."""
        try:
            seen = self.place.look()
        except FileNotFoundError:  # given back just now: the next try may have it
            return False
        now = self.place.with_name(f".{self.place.name}.now").now()
        if now - seen.st_mtime <= LEASE_SECONDS:
            return False
        try:
            self._e_tag = self.place.replace_version(self._content(), seen.e_tag).e_tag
        except (FileExistsError, FileNotFoundError):
            return False
        return True

    def _is_overdue(self) -> bool:
        return not self._lost and time.monotonic() - self._renewed > LEASE_SECONDS - MARGIN_SECONDS

    def _keep(self) -> None:
        pause = RENEW_SECONDS
        while not self._lost and not self._ending.wait(pause):
            pause = RENEW_SECONDS
            with self._renewing:
                try:
                    self._renew()
                except LakeError:  # the store is silent: `check` waits for it
                    pause = AGAIN_SECONDS

    def _renew(self) -> None:
        """Puts it again in place of what this one put last, or finds that another has it."""
        begun = time.monotonic()
        try:
            self._e_tag = self.place.replace_version(self._content(), self._e_tag).e_tag
        except (FileExistsError, FileNotFoundError):
            if not self._is_ours():
                self._lost = True
                return
            self._e_tag = self.place.look().e_tag  # it was put, and only the answer was lost
        self._renewed = begun

    def _content(self) -> bytes:
        self._count += 1  # so that each content has a tag of its own
        told = {"holder": self._holder, "token": self._token, "count": self._count}
        return json.dumps(told).encode()


@contextmanager
def held(folder: ObjectPath, name: str) -> Iterator[None]:
    """Holds the lease `name` while the block runs, after whoever has it now."""
    with holding(Lease(folder / f"{name}.lease")) as lease:
        lease.take()
        yield


@contextmanager
def holding(lease: Lease) -> Iterator[Lease]:
    """Gives `lease` back when the block ends, if it was taken there."""
    try:
        yield lease
    finally:
        lease.release()


def check_held() -> None:
    """Raises LeaseLost if any lease that this process holds may be lost."""
    for lease in tuple(_held):
        lease.check()
