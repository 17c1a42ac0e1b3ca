"""Puts a file where the settings say: whole or not at all, and for good once it returns."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dataq_plugins.destinations._files.settings import Settings
from dataq_plugins.sdk import SettingError, Unreachable

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class Store(Protocol):
    """A place for files."""

    def put(self, name: str, data: bytes) -> str:
        """Where the file is now, in place of any of its name; raises Unreachable."""
        ...

    def probe(self) -> None:
        """Raises Unreachable, SettingError where nothing can be put."""
        ...


def store_of(settings: Settings) -> Store:
    """The place that the settings name; raises SettingError."""
    scheme, slashes, _ = settings.url.partition("://")
    if not slashes:
        path = Path(settings.url).expanduser()
        if not path.is_absolute():
            raise SettingError("url", f"{settings.url!r} is no absolute path")
        return Folder(path)
    if scheme not in ("s3", "s3a", "gs", "az", "abfs", "abfss"):
        raise SettingError("url", f"{scheme}:// is no object store: use s3://, gs:// or az://")
    return Bucket(settings)


class Folder:
    """A folder on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, data: bytes) -> str:
        """Written beside, brought to disk, and renamed."""
        target = self._path / name
        temporary = target.with_name(f".{target.name}.new")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise Unreachable(f"{target} cannot be written: {error.strerror}") from None
        return str(target)

    def probe(self) -> None:
        nearest = next(each for each in (self._path, *self._path.parents) if each.exists())
        if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
            raise SettingError("url", f"{nearest} is no folder that can be written to")


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class Bucket:
    """A prefix in a bucket."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.url.rstrip("/")
        self._settings = settings

    def put(self, name: str, data: bytes) -> str:
        import obstore

        try:
            obstore.put(self._store(), name, data)
        except Exception as error:
            raise Unreachable(f"{self._url}: {_reason(error)}") from error
        return f"{self._url}/{name}"

    def probe(self) -> None:
        import obstore

        try:
            next(iter(obstore.list(self._store(), chunk_size=1)), None)
        except Exception as error:
            raise Unreachable(f"{self._url}: {_reason(error)}") from error

    def _store(self) -> ObjectStore:
        from obstore.store import from_url

        given = self._settings
        seconds = timedelta(seconds=given.timeout_seconds)
        options: Any = {"timeout": seconds, "connect_timeout": seconds}
        if given.allow_http:
            options["allow_http"] = True
        retry: Any = {
            "max_retries": 1000 if given.patience_seconds else 0,
            "retry_timeout": timedelta(seconds=given.patience_seconds),
        }
        names = ("access_key_id", "secret_access_key", "region", "endpoint")
        known: Any = {name: value for name in names if (value := getattr(given, name))}
        return from_url(self._url, client_options=options, retry_config=retry, **known)


def _reason(error: Exception) -> str:
    """The first line: what follows is about obstore's insides."""
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
