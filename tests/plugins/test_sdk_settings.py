"""Settings travel as strings and arrive typed, or are refused by name."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from dataq_plugins.sdk import SettingError, setting
from dataq_plugins.sdk.settings import parse, schema_of


class Ink(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Config:
    name: str
    root: Path = Path("/srv")
    limit: int | None = None
    ratio: float = 0.5
    deep: bool = False
    words: list[str] = setting(["a"], doc="Some words.")
    pair: tuple[int, ...] = ()
    headers: dict[str, str] = setting({})
    colour: Literal["red", "blue"] = "red"
    ink: Ink = Ink.RED
    token: str = setting("", secret=True)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("name", "42", "42"),  # strings go verbatim
        ("name", '"quoted"', '"quoted"'),
        ("root", "/a b", Path("/a b")),
        ("limit", "7", 7),
        ("limit", "", None),
        ("limit", "null", None),
        ("ratio", "2", 2.0),
        ("deep", "true", True),
        ("words", '["x", "y z"]', ["x", "y z"]),
        ("words", "*.txt", ["*.txt"]),  # one word is a list of one
        ("words", "5", ["5"]),
        ("pair", "[1, 2]", (1, 2)),
        ("headers", '{"a": "b"}', {"a": "b"}),
        ("colour", "blue", "blue"),
        ("ink", "blue", Ink.BLUE),
    ],
)
def test_values(name: str, text: str, value: object) -> None:
    assert getattr(parse(Config, {"name": "n", name: text}), name) == value


@pytest.mark.parametrize(
    ("config", "name", "reason"),
    [
        ({}, "name", "is required"),
        ({"name": "n", "limit": "x"}, "limit", "must be a whole number"),
        ({"name": "n", "limit": "1.5"}, "limit", "must be a whole number"),
        ({"name": "n", "limit": "true"}, "limit", "must be a whole number"),
        ({"name": "n", "ratio": "half"}, "ratio", "must be a number"),
        ({"name": "n", "deep": "yes"}, "deep", "must be true or false"),
        ({"name": "n", "headers": "x"}, "headers", "must be a JSON object"),
        ({"name": "n", "pair": '["x"]'}, "pair", "must be a whole number"),
        ({"name": "n", "ink": "green"}, "ink", "must be one of red, blue"),
        ({"name": "n", "wrods": "x"}, "wrods", "did you mean words?"),
        ({"name": "n", "zzz": "x"}, "zzz", "there are: name, root"),
    ],
)
def test_refusals(config: dict[str, str], name: str, reason: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse(Config, config)
    assert caught.value.setting == name
    assert reason in str(caught.value)


def test_schema() -> None:
    schema = schema_of(Config)
    assert schema["required"] == ["name"]
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert properties["name"] == {"type": "string"}
    assert properties["limit"] == {"type": "integer", "default": None}
    assert properties["words"] == {
        "type": "array",
        "items": {"type": "string"},
        "description": "Some words.",
        "default": ["a"],
    }
    assert properties["ink"] == {"type": "string", "enum": ["red", "blue"], "default": "red"}
    assert properties["token"]["writeOnly"] is True
    assert properties["root"]["default"] == "/srv"


class Model(BaseModel):
    url: str
    pages: int = Field(3, ge=1, description="How many.")
    token: SecretStr = SecretStr("")


def test_pydantic_models() -> None:
    model = parse(Model, {"url": "12", "pages": "5", "token": "123"})
    assert (model.url, model.pages, model.token.get_secret_value()) == ("12", 5, "123")
    properties = schema_of(Model)["properties"]
    assert properties["pages"]["minimum"] == 1
    assert properties["token"]["writeOnly"] is True


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({}, "url"),
        ({"url": "x", "pages": "0"}, "pages"),
        ({"url": "x", "pages": "many"}, "pages"),
        ({"url": "x", "page": "3"}, "page"),
    ],
)
def test_pydantic_refusals(config: dict[str, str], name: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse(Model, config)
    assert caught.value.setting == name
