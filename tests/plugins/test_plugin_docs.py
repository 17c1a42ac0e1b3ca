"""The page for plugin authors says what the code does, and its example works."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from itertools import chain
from pathlib import Path

import pytest

from dataq_plugins import host
from dataq_plugins.conformance import check_plugin
from dataq_plugins.conformance.suite import find_checks
from dataq_plugins.errors import PluginError
from dataq_plugins.host import Delivery, Limits, PluginProcess, PluginSpec
from dataq_plugins.host.environment import ALLOWED
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "plugins.md").read_text("utf-8")


def test_the_example_conforms(tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    (tmp_path / "events.py").write_text(code)
    events = [{"id": f"e{n}", "time": 1_700_000_000 + n * 86_400, "kind": "a"} for n in range(60)]
    source = tmp_path / "events.jsonl"
    source.write_text("".join(json.dumps(event) + "\n" for event in events))
    config = {"path": str(source), "token": "open sesame"}
    report = check_plugin((sys.executable, str(tmp_path / "events.py")), config)
    assert report.ok, report.text()
    skipped = [result.name for result in report.results if result.outcome == "skipped"]
    assert skipped == ["chunks", "watch"]


def test_the_example_of_a_destination_takes_a_delivery_once(tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    (tmp_path / "notebook.py").write_text(code)
    argv = (sys.executable, str(tmp_path / "notebook.py"))
    spec = PluginSpec("notes", argv, {"path": str(tmp_path / "rows")})
    delivery = Delivery("a" * 32, "items", ("1", "2"), b'{"n": 1}\n{"n": 2}')
    with PluginProcess(spec) as plugin:
        assert [each.fate for each in plugin.deliver([delivery] * 2)] == ["delivered"] * 2
    assert (tmp_path / "rows").read_bytes() == b"# " + b"a" * 32 + b'\n{"n": 1}\n{"n": 2}\n'


def test_every_check_is_listed_with_its_promise() -> None:
    for check in chain(find_checks("v1"), find_checks("v1", "destination")):
        name = check.__name__.removeprefix("check_")
        promise = (check.__doc__ or "").partition("\n")[0]
        assert f"| `{name}` | {promise} |" in PAGE
    for check in find_checks("plain"):
        assert f"`{check.__name__.removeprefix('check_')}`" in PAGE


def test_every_limit_is_listed_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\w., ]+?) \|", PAGE, re.MULTILINE))
    units = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
    for field in dataclasses.fields(Limits):
        number, _, unit = rows[field.name].partition(" ")
        assert float(number.replace(",", "")) * units.get(unit, 1) == field.default


def test_every_error_and_error_code_is_named() -> None:
    errors = [e for e in vars(host).values() if isinstance(e, type) and issubclass(e, PluginError)]
    assert len(errors) > 8
    for error in errors:
        assert error is PluginError or f"`{error.__name__}`" in PAGE
    for code in pb.DESCRIPTOR.enum_types_by_name["ErrorCode"].values_by_name:
        name = code.removeprefix("ERROR_CODE_")
        assert name in ("UNSPECIFIED", "FAILED") or f"`{name}`" in PAGE


@pytest.mark.parametrize("variable", [v for v in ALLOWED if not v.startswith("L")])
def test_every_environment_variable_is_named(variable: str) -> None:
    assert f"`{variable}`" in PAGE


def test_the_generated_code_is_of_the_protocol_file() -> None:
    """The fields of both are the same, the original ones among them: nobody forgot to generate."""
    proto = (Path(__file__).resolve().parents[2] / "proto/dataq/v1/dataq.proto").read_text()
    body = re.sub(r"//.*", "", proto)
    written = set()
    for message, fields in re.findall(r"message (\w+) \{(.*?)\n\}", body, re.DOTALL):
        pairs = re.findall(r"(\w+) = (\d+);", fields)
        written |= {(message, name, int(number)) for name, number in pairs}
    generated = {
        (message.name, field.name, field.number)
        for message in pb.DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
    }
    assert generated == written
    original = {
        "Plugin": ["id", "name", "description", "config"],
        "DataItem": ["plugin_id", "source_id", "timestamp", "content_type", "raw_data", "metadata"],
        "PluginRequest": ["plugin_id", "config", "operation"],
        "PluginResponse": ["plugin_id", "items", "error"],
    }
    kept = chain.from_iterable(
        ((message, name, number) for number, name in enumerate(names, 1))
        for message, names in original.items()
    )
    assert set(kept) <= generated
