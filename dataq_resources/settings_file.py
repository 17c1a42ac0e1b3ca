"""A file of settings in YAML, with the places of all values: mistakes are told with their line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dataq_lake.whole_file import write_whole

Model = TypeVar("Model", bound=BaseModel)
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


def validated(
    path: Path, kind: type[Model], given: Any, root: Any, below: tuple[str, ...], refusal: Refusal
) -> Model:
    """The settings that stand at `below` in the document; raises a `refusal` with the line."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = [*below, *(str(step) for step in first["loc"])]
        reason = first["msg"].removeprefix("Value error, ")
        raise refusal(path, f"{'.'.join(place)}: {reason}", line_of(root, place)) from None


def line_of(node: Any, place: Sequence[str]) -> int | None:
    """The line of the deepest part of `place` that is in the document."""
    line: int = node.start_mark.line + 1
    for step in place:
        found = _below(node, step)
        if found is None:
            return line
        line, node = found
    return line


def _below(node: Any, step: str) -> tuple[int, Any] | None:
    """Line and value of a mapping's entry or a list's member; None if there is none."""
    parts = node.value if isinstance(getattr(node, "value", None), list) else []
    for number, part in enumerate(parts):
        key, value = part if isinstance(part, tuple) else (None, part)
        if step == (key.value if key else str(number)):
            return (key or value).start_mark.line + 1, value
    return None


def write_settings(path: Path, settings: Any) -> None:
    """Writes a file of settings, whole or not at all, for this user only."""
    import yaml

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, yaml.safe_dump(settings, sort_keys=False))


def _read(text: str, loader_class: Any) -> tuple[Any, Any]:
    loader = loader_class(text)
    try:
        root = loader.get_single_node()
        return (None if root is None else loader.construct_document(root)), root
    finally:
        loader.dispose()
