"""The transformations of the gate: pure functions over bytes."""

from __future__ import annotations

import base64
import gzip

import pytest

from dataq_assets.stages.transform import (
    CannotTransform,
    Dropped,
    Payload,
    TransformRule,
    all_transforms,
    transformed,
)


def text(data: str | bytes, encoding: str = "utf-8", **metadata: str) -> Payload:
    raw = data if isinstance(data, bytes) else data.encode(encoding)
    return Payload(raw, "text/plain", encoding, metadata)


def test_each_file_is_a_transformation() -> None:
    assert sorted(all_transforms()) == ["decode", "drop", "normalise", "redact"]


def test_rules_apply_in_order_where_they_fit() -> None:
    payload = text("a@example.org\r\n", team="hr")
    rules = [
        TransformRule("normalise"),
        TransformRule("redact", {"team": "hr", "content_type": "text/*"}),
        TransformRule("drop", {"team": "legal"}),
    ]
    after, names = transformed("x", payload, rules)
    assert after.data == b"[e-mail]\n"
    assert names == ("normalise", "redact")


def test_what_changes_nothing_is_not_named() -> None:
    payload = text("plain\n")
    assert transformed("x", payload, [TransformRule("normalise"), TransformRule("redact")]) == (
        payload,
        (),
    )


def test_drop_by_source_id() -> None:
    with pytest.raises(Dropped):
        transformed("tmp/x.log", text("x"), [TransformRule("drop", {"source_id": "tmp/*"})])


def test_normalise_reads_any_encoding() -> None:
    payload = text("\ufeffcafe\u0301\r\nné\r", "utf-16")
    after, _ = transformed("x", payload, [TransformRule("normalise")])
    assert after.data.decode() == "café\nné\n"
    assert after.encoding == "utf-8"


def test_normalise_leaves_binary_alone() -> None:
    binary = Payload(b"\x00\r\n", "image/png", None)
    assert transformed("x", binary, [TransformRule("normalise"), TransformRule("redact")]) == (
        binary,
        (),
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("base64", base64.encodebytes(b"hello world" * 20)),
        ("gzip", gzip.compress(b"hello world" * 20, mtime=0)),
        ("quoted-printable", b"hello=20world" * 20),
    ],
)
def test_decode(name: str, data: bytes) -> None:
    after, names = transformed("x", text(data, content_encoding=name), [TransformRule("decode")])
    assert after.data == b"hello world" * 20
    assert names == ("decode",)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("base64", b"!!!", "says base64"),
        ("gzip", gzip.compress(b"hello" * 99, mtime=0)[:-9], "cut off"),
        ("rot13", b"x", "not known"),
    ],
)
def test_decode_refuses_what_is_not_so(name: str, data: bytes, says: str) -> None:
    with pytest.raises(CannotTransform, match=says):
        transformed("x", text(data, content_encoding=name), [TransformRule("decode")])


def test_redact_checks_numbers_before_it_takes_them() -> None:
    payload = text(
        "card 4111 1111 1111 1111, order 4111 1111 1111 1112, DE89 3704 0044 0532 0130 00"
    )
    after, _ = transformed("x", payload, [TransformRule("redact")])
    assert after.data == b"card [card], order 4111 1111 1111 1112, [account]"
