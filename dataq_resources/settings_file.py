"""A file of settings in YAML, with the places of all values: mistakes are told with their line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Refusal = Callable[[Path, str, int | None], Exception]


def parsed(path: Path, refusal: Refusal) -> tuple[Any, Any]:
    """The document in `path` and the nodes it was read from; raises a `refusal` with the line."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        try:
            return _read(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.YAMLError:
            return _read(text, yaml.SafeLoader)  # ten times slower, and says better what is wrong
    except (OSError, UnicodeDecodeError) as error:
        raise refusal(path, f"cannot be read: {error}", None) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "is not YAML"
        raise refusal(path, str(reason), mark.line + 1 if mark else None) from None


def _read(text: str, loader_class: Any) -> tuple[Any, Any]:
    loader = loader_class(text)
    try:
        root = loader.get_single_node()
        return (None if root is None else loader.construct_document(root)), root
    finally:
        loader.dispose()
