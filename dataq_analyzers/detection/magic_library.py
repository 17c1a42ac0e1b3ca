"""libmagic from pylibmagic's wheel, through the two functions of it that we need."""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from dataq_analyzers.errors import ToolMissing

_MIME_TYPE = 0x10
_local = threading.local()


def media_type(data: bytes) -> str:
    """What libmagic calls these bytes, "application/octet-stream" where it does not know.

    Raises ToolMissing where no libmagic can be loaded.
    """
    library = _library()
    cookie = getattr(_local, "cookie", None)
    if cookie is None:
        cookie = _local.cookie = _open(library)
    found: bytes | None = library.magic_buffer(cookie, data, len(data))
    return found.decode("ascii", "replace") if found else "application/octet-stream"


def version() -> str:
    """The version of libmagic, as "5.46"."""
    number: int = _library().magic_version()
    return f"{number // 100}.{number % 100:02d}"


def _folder() -> Path:
    spec = find_spec("pylibmagic")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ToolMissing("libmagic is not installed: install the package pylibmagic")
    return Path(folders[0])


@cache
def _library() -> ctypes.CDLL:
    # Past python-magic and pylibmagic's own import: one asks the system for a library first, the
    # other changes the environment and every later ctypes.CDLL of the process.
    try:
        library = ctypes.CDLL(str(_folder() / "libmagic.so.1"))
    except OSError as error:
        raise ToolMissing(f"libmagic cannot be loaded: {error}") from error
    library.magic_open.restype = ctypes.c_void_p
    library.magic_open.argtypes = [ctypes.c_int]
    library.magic_load.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.magic_buffer.restype = ctypes.c_char_p
    library.magic_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    library.magic_error.restype = ctypes.c_char_p
    library.magic_error.argtypes = [ctypes.c_void_p]
    return library


def _open(library: ctypes.CDLL) -> int:
    cookie: int = library.magic_open(_MIME_TYPE)
    database = str(_folder() / "magic.mgc").encode()
    if library.magic_load(cookie, database) != 0:
        raise ToolMissing(f"libmagic has no database: {library.magic_error(cookie)!r}")
    return cookie
