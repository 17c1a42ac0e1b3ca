"""Says clearly when it is the disk that refuses: full, read-only, over a limit, or broken."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataq_lake.errors import LakeError, NotWritable

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
def writable(folder: Path) -> Iterator[None]:
    """Raises NotWritable, in one line, where a disk refuses what the block writes in `folder`."""
    try:
        yield
    except LakeError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        number = _refusal(error)
        if number is None:
            raise
        # Without its cause: what a run tells of a failure is the innermost one.
        raise NotWritable(
            f"{folder} cannot be written: {os.strerror(number)}: {REFUSALS[number]}; "
            "what was committed is kept"
        ) from None


def _refusal(error: Exception) -> int | None:
    """The error number behind `error`; some libraries only put its text into theirs."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno if error.errno in REFUSALS else None
    return next((number for number in REFUSALS if os.strerror(number) in str(error)), None)
