"""The token on disk: for its owner only, and never half-written."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from dataq_plugins.sdk import SettingError

MOST_BYTES = 1 << 20


def read_token(path: Path) -> dict[str, Any]:
    """Return the token; raises SettingError where it is missing, damaged, or open to others."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SettingError(
            "token_file",
            f"there is no token at {path} yet: add the source with --no-check, then "
            "run `dataq sources auth NAME`",
        ) from None
    except OSError as error:
        raise SettingError("token_file", f"cannot open {path}: {error.strerror}") from None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise SettingError("token_file", f"{path} is no file")
        if status.st_mode & 0o077 or status.st_uid not in (os.getuid(), 0):
            raise SettingError(
                "token_file", f"others may read or change {path}: chown it, and chmod 600 {path}"
            )
        text = os.read(fd, MOST_BYTES).decode("utf-8", "replace")
    finally:
        os.close(fd)
    return parsed("token_file", text, str(path))


def parsed(setting: str, text: str, name: str = "it") -> dict[str, Any]:
    """Return the JSON object in `text`; raises SettingError, which shows nothing of it."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SettingError(setting, f"{name} holds no JSON object")
    return value


def write_token(path: Path, token: dict[str, Any]) -> None:
    """Put the token there for nobody but us; whoever reads meanwhile has the old or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:
        json.dump(token, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
