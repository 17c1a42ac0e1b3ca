"""Typed settings: from a request's strings to a dataclass or pydantic model; its schema."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataq_plugins.sdk.plugin import SettingError

SIMPLE = {str: "string", Path: "string", int: "integer", float: "number", bool: "boolean"}


def setting(
    default: Any = dataclasses.MISSING, *, doc: str = "", secret: bool = False, **schema: Any
) -> Any:
    """Return a dataclass field for a setting; lists and dicts are copied for each use.

    `schema` takes more keywords of JSON Schema: minimum, maximum, pattern, examples, ….
    """
    extra: dict[str, Any] = {"description": doc} if doc else {}
    extra |= {"writeOnly": True, "format": "password"} if secret else {}
    metadata = {"schema": {**extra, **schema}}
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def schema_of(config_type: type) -> dict[str, Any]:
    """Return the JSON Schema of a settings type; secret settings are `writeOnly`."""
    if hasattr(config_type, "model_json_schema"):
        return dict(config_type.model_json_schema())
    if not dataclasses.is_dataclass(config_type):
        return {"type": "object"}
    hints = typing.get_type_hints(config_type)
    properties: dict[str, Any] = {}
    required = []
    for field in dataclasses.fields(config_type):
        properties[field.name] = _schema(hints[field.name]) | field.metadata.get("schema", {})
        if _is_required(field):
            required.append(field.name)
        elif field.default is not dataclasses.MISSING:
            properties[field.name]["default"] = _plain(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            properties[field.name]["default"] = _plain(field.default_factory())
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def parse(config_type: type, config: Mapping[str, str]) -> Any:
    """Return the settings as an instance of their type; raises SettingError naming the bad one."""
    if hasattr(config_type, "model_validate"):
        return _parse_model(config_type, config)
    if not dataclasses.is_dataclass(config_type):
        return dict(config)
    hints = typing.get_type_hints(config_type)
    fields = {field.name: field for field in dataclasses.fields(config_type)}
    _refuse_unknown(config, list(fields))
    values = {name: _value(name, hints[name], fields[name], text) for name, text in config.items()}
    for name, field in fields.items():
        if name not in values and _is_required(field):
            raise SettingError(name, "is required")
    return config_type(**values)


def _parse_model(config_type: Any, config: Mapping[str, str]) -> Any:
    from pydantic import ValidationError

    fields = config_type.model_fields
    known = [field.alias or name for name, field in fields.items()]
    if config_type.model_config.get("extra") != "allow":
        _refuse_unknown(config, known)
    hints = {field.alias or name: field.annotation for name, field in fields.items()}
    values = {name: _loads(hints.get(name, str), text) for name, text in config.items()}
    try:
        return config_type.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise SettingError(path.partition(".")[0], str(first["msg"])) from None


def _refuse_unknown(config: Mapping[str, str], known: list[str]) -> None:
    for name in config:
        if name not in known:
            import difflib  # every start of a plugin would pay for it

            near = difflib.get_close_matches(name, known, 1)
            hint = (
                f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
            )
            raise SettingError(name, f"is no setting of this plugin; {hint}")


def _loads(hint: Any, text: str) -> Any:
    """Read JSON text, save where the type is a string: those come verbatim."""
    if _unwrap(hint) in (str, Path) or "Secret" in getattr(_unwrap(hint), "__name__", ""):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _value(name: str, hint: Any, field: dataclasses.Field[Any], text: str) -> Any:
    value = _convert(name, _unwrap(hint), text, optional=_is_optional(hint))
    _check(name, field.metadata.get("schema", {}), value)
    return value


def _convert(name: str, kind: Any, text: str, *, optional: bool) -> Any:
    if kind is str:
        return text
    if kind is Path:
        return Path(text)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _one_of(name, text, {str(member.value): member for member in kind})
    if typing.get_origin(kind) is typing.Literal:
        return _one_of(name, text, {str(choice): choice for choice in typing.get_args(kind)})
    if optional and text in ("", "null"):
        return None
    return _from_json(name, kind, text)


def _one_of(name: str, text: str, choices: dict[str, Any]) -> Any:
    if text not in choices:
        raise SettingError(name, f"is {text!r}; it must be one of {', '.join(choices)}")
    return choices[text]


def _from_json(name: str, kind: Any, text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    origin = typing.get_origin(kind) or kind
    if origin in (list, tuple) and not isinstance(value, list):
        value = [value]  # one word is a list of one
    if origin in (list, tuple):
        inner = (*typing.get_args(kind), str)[0]
        return origin(_element(name, inner, element) for element in value)
    if origin is dict and isinstance(value, dict):
        return value
    return _element(name, origin, value)


def _element(name: str, kind: Any, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is str and not isinstance(value, str):
        value = json.dumps(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and not isinstance(value, kind):
        raise SettingError(name, f"is {value!r}; it must be {_words(kind)}")
    if kind is int and isinstance(value, bool):
        raise SettingError(name, f"is {value!r}; it must be {_words(kind)}")
    return value


def _check(name: str, schema: Mapping[str, Any], value: Any) -> None:
    if isinstance(value, int | float):
        if value < schema.get("minimum", value):
            raise SettingError(name, f"is {value}; it must be at least {schema['minimum']}")
        if value > schema.get("maximum", value):
            raise SettingError(name, f"is {value}; it must be at most {schema['maximum']}")


def _words(kind: type) -> str:
    words = {int: "a whole number", float: "a number", bool: "true or false", dict: "a JSON object"}
    return words.get(kind, f"a {kind.__name__}")


def _schema(hint: Any) -> dict[str, Any]:
    kind = _unwrap(hint)
    origin = typing.get_origin(kind)
    if kind in SIMPLE:
        return {"type": SIMPLE[kind]}
    if origin is typing.Literal:
        return {"type": "string", "enum": list(typing.get_args(kind))}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"type": "string", "enum": [member.value for member in kind]}
    if (origin or kind) in (list, tuple):
        return {"type": "array", "items": _schema((*typing.get_args(kind), str)[0])}
    return {"type": "object"}


def _unwrap(hint: Any) -> Any:
    """Return the type inside `X | None`."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next(kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    return hint


def _is_optional(hint: Any) -> bool:
    return types.NoneType in typing.get_args(hint)


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value
