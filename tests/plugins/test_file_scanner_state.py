"""The state of file_scanner: small, exact, and refused when it is not what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_plugins.sources.file_scanner.state import (
    DIGEST_BYTES,
    MAGIC,
    ForeignState,
    Sent,
    Standing,
    pack,
    unpack,
)

INT64 = st.integers(-(2**63), 2**63 - 1)
SIGNATURES = st.tuples(
    st.integers(0, 2**63 - 1), INT64, INT64, st.integers(0, 2**64 - 1), st.sampled_from([*Standing])
)
IDS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)


@given(
    known=st.dictionaries(IDS, SIGNATURES),
    scope=st.text(),
    digest=st.binary(min_size=16, max_size=16),
)
def test_what_is_packed_comes_back(
    known: dict[str, tuple[int, int, int, int, int]], scope: str, digest: bytes
) -> None:
    racy = [identity for identity, signature in known.items() if signature[4] == Standing.RACY]
    sent = Sent(known, dict.fromkeys(racy, digest))
    assert unpack(pack(sent, scope), scope) == sent


def test_it_takes_some_twelve_bytes_a_file() -> None:
    now = 1_700_000_000_000_000_000
    known = {
        f"folder-{number // 100}/file-{number}.txt": (
            (number * 7919) % 90_000,
            now + (number * 7_919_111_113) % 10**16,
            now + number * 61_111,
            1_000_000 + number,
            0,
        )
        for number in range(20_000)
    }
    assert len(pack(Sent(known), "")) < 20_000 * 16


def test_the_same_is_packed_the_same() -> None:
    one = {"a": (1, 2, 3, 4, 0), "b": (5, 6, 7, 8, 0)}
    other = dict(reversed(one.items()))
    assert pack(Sent(one), "") == pack(Sent(other), "")


WHOLE = pack(Sent({"a": (1, 2, 3, 4, 0), "b": (1, 2, 3, 4, 1)}, {"b": bytes(DIGEST_BYTES)}), "here")


@pytest.mark.parametrize("length", range(0, len(WHOLE), 7))
def test_half_a_state_is_refused(length: int) -> None:
    with pytest.raises(ForeignState):
        unpack(WHOLE[:length], "here")


@given(at=st.integers(len(MAGIC), len(WHOLE) - 1), bit=st.integers(0, 7))
def test_a_damaged_state_is_refused(at: int, bit: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[at] ^= 1 << bit
    with pytest.raises(ForeignState, match=r"damaged|other roots"):
        unpack(bytes(damaged), "here")


def test_a_state_of_another_scope_is_refused() -> None:
    with pytest.raises(ForeignState, match="other roots"):
        unpack(WHOLE, "there")
