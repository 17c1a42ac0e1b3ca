"""Says clearly when it is the disk that refuses: full, read-only, over a limit, or broken."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataq_lake.errors import LakeError, NotWritable
from dataq_lake.location import Location
from dataq_lake.lost_files import telling_lost_files
from dataq_lake.objects.refusals import refusal

REFUSALS = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space or have the quota raised, and run again",
    errno.EROFS: "make the file system writable and run again",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f) and run again",
    errno.EIO: "look after the disk, then run `dataq check --deep`",
    errno.EACCES: "give this user the right to write there and run again",
    errno.EPERM: "give this user the right to write there and run again",
}


@contextmanager
def writable(folder: Location) -> Iterator[None]:
    """Raises, in one line, what a disk or store says that refuses what the block writes.

    NotWritable for a disk, StoreRefuses or StoreSilent for a store. What has to be read for it and
    is gone is told as well, where `folder` is a lake: VersionGone or ContentLost.
    """
    try:
        with telling_lost_files(folder):
            yield
    except LakeError:
        raise
    except Exception as error:
        told = None if isinstance(folder, Path) else refusal(folder, error)
        if told is not None:
            raise told from None
        number = _refusal(error) if _may_refuse(error) else None
        if number is None:
            raise
        # Without its cause: what a run tells of a failure is the innermost one.
        raise NotWritable(
            f"{folder} cannot be written: {os.strerror(number)}: {REFUSALS[number]}; "
            "what was committed is kept"
        ) from None


def _may_refuse(error: Exception) -> bool:
    """Whether this is how a library tells what the system said; DuckDB has an IOException."""
    known = isinstance(error, OSError | RuntimeError | ValueError)
    return known or type(error).__name__ == "IOException"


def _refusal(error: Exception) -> int | None:
    """The error number behind `error`; some libraries only put its text into theirs."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno if error.errno in REFUSALS else None
    return next((number for number in REFUSALS if os.strerror(number) in str(error)), None)
