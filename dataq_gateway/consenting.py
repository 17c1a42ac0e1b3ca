"""Has a person allow a source to read what is theirs, where its plugin needs that."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from dataq_gateway.errors import CommandFailed, NotFound
from dataq_plugins.host.secrets import resolve_config
from dataq_plugins.sdk import SettingError, Unreachable
from dataq_plugins.sdk.settings import parse
from dataq_resources.home import home_from_environment
from dataq_resources.sources import SourceConfig, config_text, read_source

MADE = "token"
"""The setting that refers to what consent makes, where that is kept elsewhere."""


def ask_consent(name: str, show: Callable[[str], None], port: int, seconds: float) -> str:
    """Where the token of a source is now, once its user has gone to the address shown.

    Raises NotFound, ConfigError, CommandFailed. What a plugin asks consent by is the function
    `consent` of its module of that name, for settings of the type `SETTINGS`.
    """
    path = home_from_environment().sources / name / "defs.yaml"
    if not path.is_file():
        raise NotFound(f"no source is called {name!r}", do="dataq sources add, with --no-check")
    source = read_source(path)
    asking = _asking(source)
    config = {key: config_text(value) for key, value in source.config.items()}
    if MADE in config:
        raise CommandFailed(
            f"source {name} has its token by reference",
            where=str(path),
            do=f"take the setting {MADE} out, and refer to what is in the token's file afterwards",
        )
    needed, _ = resolve_config(config)
    try:
        settings = parse(asking.SETTINGS, needed)
        return str(asking.consent(settings, show, port, seconds))
    except SettingError as error:
        where = f"setting {error.setting!r} of source {name}"
        raise CommandFailed(" ".join(str(error).split()), where=where) from None
    except Unreachable as error:
        raise CommandFailed(str(error), where=f"source {name}") from None


def _asking(source: SourceConfig) -> Any:
    module = f"dataq_plugins.sources.{source.plugin}.consent"
    if not source.plugin or not _is_there(module):
        raise CommandFailed(f"source {source.name} needs nobody's consent")
    return import_module(module)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def opened(address: str, browse: Callable[[str], bool]) -> bool:
    """Whether a browser could be opened there."""
    try:
        return browse(address)
    except Exception:  # noqa: BLE001 (whatever a browser does: the address is on the screen)
        return False
