"""file_scanner passes what every plugin must."""

from __future__ import annotations

from pathlib import Path

from dataq_plugins.conformance import assert_conforms
from tests.plugins.scanned import ARGV, settings, write


def test_it_conforms(tmp_path: Path) -> None:
    """Also of files that are younger than two seconds, which it reports as changed once more."""
    write(tmp_path, {"a.txt": "a", "b/c.md": "# c", "big.bin": b"x" * 300_000})
    assert_conforms(ARGV, settings(root=str(tmp_path)))
